import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.Certificate;
import java.util.*;
import java.util.stream.Stream;
import javax.crypto.SecretKey;

/** Says in one line for each entry what Java reads from the key stores of a folder: `java Describe.java FOLDER`. */
class Describe {
    static final List<String> TYPES = List.of("p12", "jks", "jceks");
    static final List<String> PASSWORDS = List.of("changeit", "entrypass");

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String type : TYPES) {
            List<Path> files;
            try (Stream<Path> all = Files.list(Path.of(arguments[0]))) {
                files = all.filter(path -> path.toString().endsWith("." + type)).sorted().toList();
            }
            for (Path path : files) {
                KeyStore store = KeyStore.getInstance(type.equals("p12") ? "PKCS12" : type.toUpperCase());
                try (InputStream file = Files.newInputStream(path)) {
                    store.load(file, PASSWORDS.get(0).toCharArray());
                }
                for (String alias : new TreeSet<>(Collections.list(store.aliases()))) {
                    out.print(path.getFileName() + "|" + alias + "|" + entry(store, alias) + "\n");
                }
            }
        }
    }

    static String entry(KeyStore store, String alias) throws Exception {
        if (store.isCertificateEntry(alias)) {
            return "trustedCert|X.509|" + sha256(store.getCertificate(alias).getEncoded()) + "||";
        }
        for (String password : PASSWORDS) {
            Key key;
            try {
                key = store.getKey(alias, password.toCharArray());
            } catch (UnrecoverableKeyException wrongPassword) {
                continue;
            }
            boolean isSecret = key instanceof SecretKey;
            StringBuilder chain = new StringBuilder();
            Certificate[] certificates = store.getCertificateChain(alias);
            for (Certificate certificate : certificates == null ? new Certificate[0] : certificates) {
                chain.append(sha256(certificate.getEncoded()), 0, 16).append(',');
            }
            String secret = isSecret ? HexFormat.of().formatHex(key.getEncoded()) : "";
            return String.join("|", isSecret ? "secretKey" : "privateKey", key.getAlgorithm(),
                sha256(key.getEncoded()), secret, chain, "pass=" + password);
        }
        return "no password opens it";
    }

    static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
