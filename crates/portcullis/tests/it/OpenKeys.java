import java.io.FileInputStream;
import java.security.*;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.*;
import javax.crypto.SecretKey;

/** Opens every entry of a PKCS12 file and says what it is: `java OpenKeys.java STORE PASSWORD`. */
class OpenKeys {
    public static void main(String[] arguments) throws Exception {
        char[] password = arguments[1].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream file = new FileInputStream(arguments[0])) {
            store.load(file, password);
        }
        for (String alias : new TreeSet<>(Collections.list(store.aliases()))) {
            System.out.println(alias + ": " + describe(store, alias, password));
        }
    }

    static String describe(KeyStore store, String alias, char[] password) throws Exception {
        if (store.isCertificateEntry(alias)) {
            return "trusted " + ((X509Certificate) store.getCertificate(alias)).getSubjectX500Principal();
        }
        Key key = store.getKey(alias, password);
        if (key instanceof SecretKey) {
            String dated = store.getCreationDate(alias).getTime() < System.currentTimeMillis() - 60_000 ? ", older" : "";
            String bytes = key.getAlgorithm().startsWith("PBE")
                ? new String(key.getEncoded(), "US-ASCII") : key.getEncoded().length * 8 + " bits";
            return "secret " + key.getAlgorithm() + " " + bytes + dated;
        }
        Certificate[] chain = store.getCertificateChain(alias);
        X509Certificate leaf = (X509Certificate) chain[0];
        leaf.checkValidity();
        for (int index = 0; index < chain.length; index++) {
            chain[index].verify(chain[Math.min(index + 1, chain.length - 1)].getPublicKey());
        }
        String signature = switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> "Ed25519";
        };
        Signature signer = Signature.getInstance(signature);
        signer.initSign((PrivateKey) key);
        signer.update(alias.getBytes());
        byte[] signed = signer.sign();
        signer.initVerify(leaf.getPublicKey());
        signer.update(alias.getBytes());
        return "key " + key.getAlgorithm() + (signer.verify(signed) ? " of " : " NOT of ")
            + leaf.getSubjectX500Principal() + ", chain of " + chain.length
            + ", names " + leaf.getSubjectAlternativeNames();
    }
}
