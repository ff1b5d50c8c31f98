import java.nio.file.*;
import java.security.*;
import java.util.Collections;

/** Copies a PKCS12 file and gives each key the password `entrypass`: `java OtherPassword.java FROM TO`. */
class OtherPassword {
    public static void main(String[] arguments) throws Exception {
        char[] password = "changeit".toCharArray();
        KeyStore from = KeyStore.getInstance(Path.of(arguments[0]).toFile(), password);
        KeyStore to = KeyStore.getInstance("PKCS12");
        to.load(null, null);
        for (String alias : Collections.list(from.aliases())) {
            if (from.isCertificateEntry(alias)) {
                to.setCertificateEntry(alias, from.getCertificate(alias));
            } else {
                Key key = from.getKey(alias, password);
                to.setKeyEntry(alias, key, "entrypass".toCharArray(), from.getCertificateChain(alias));
            }
        }
        try (var out = Files.newOutputStream(Path.of(arguments[1]))) {
            to.store(out, password);
        }
    }
}
