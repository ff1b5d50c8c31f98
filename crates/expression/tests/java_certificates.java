// Writes what Java makes of the certificates in the folder `certificates`: run it as its make.sh says, with
// Java 17. Columns are separated by tabs: file, property, value.
import java.io.*;
import java.nio.file.*;
import java.security.MessageDigest;
import java.security.cert.*;
import java.util.*;
import java.util.stream.*;

class JavaCertificates {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
        for (String file : arguments) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            byte[] pem = Files.readAllBytes(Path.of(file));
            X509Certificate read = (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(pem));
            String name = Path.of(file).getFileName().toString();
            properties(read).forEach((property, value) -> out.println(name + "\t" + property + "\t" + value));
        }
    }

    static Map<String, Object> properties(X509Certificate read) throws Exception {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("subjectDN", read.getSubjectDN());
        all.put("subjectDN.name", read.getSubjectDN().getName());
        all.put("subjectX500Principal", read.getSubjectX500Principal());
        all.put("subjectX500Principal.name", read.getSubjectX500Principal().getName());
        all.put("issuerDN.name", read.getIssuerDN().getName());
        all.put("issuerX500Principal.name", read.getIssuerX500Principal().getName());
        all.put("serialNumber", read.getSerialNumber());
        all.put("notBefore", read.getNotBefore());
        all.put("notBefore.time", read.getNotBefore().getTime());
        all.put("notAfter.time", read.getNotAfter().getTime());
        all.put("version", read.getVersion());
        all.put("type", read.getType());
        all.put("sigAlgName", read.getSigAlgName());
        all.put("sigAlgOID", read.getSigAlgOID());
        all.put("publicKey.algorithm", read.getPublicKey().getAlgorithm());
        all.put("publicKey.format", read.getPublicKey().getFormat());
        all.put("publicKey.encoded", digest(read.getPublicKey().getEncoded()));
        all.put("basicConstraints", read.getBasicConstraints());
        all.put("keyUsage", read.getKeyUsage() == null ? null : Arrays.toString(read.getKeyUsage()));
        all.put("extendedKeyUsage", read.getExtendedKeyUsage());
        all.put("subjectAlternativeNames", names(read.getSubjectAlternativeNames()));
        all.put("encoded", digest(read.getEncoded()));
        return all;
    }

    static Object names(Collection<List<?>> names) {
        if (names == null) {
            return null;
        }
        return names.stream()
            .map(name -> List.of(name.get(0), name.get(1) instanceof byte[] bytes ? "bytes" : name.get(1)))
            .collect(Collectors.toList());
    }

    static String digest(byte[] bytes) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    }
}
