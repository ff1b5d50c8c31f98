// Writes what java.util.regex makes of the patterns in java_patterns.txt: run `java java_patterns.java
// java_patterns.txt` with Java 17 and put the output in the place of the file. Columns are separated by tabs:
// pattern, text, result. The result is the groups of the first match, whether the whole text matches, the
// parts of a split, and the text with each match in angle brackets; or ERROR.
import java.nio.file.*;
import java.util.regex.*;

class JavaPatterns {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            String[] columns = line.split("\t", -1);
            System.out.println(columns[0] + "\t" + columns[1] + "\t" + result(plain(columns[0]), plain(columns[1])));
        }
    }

    static String result(String pattern, String text) {
        try {
            Pattern compiled = Pattern.compile(pattern);
            Matcher matcher = compiled.matcher(text);
            StringBuilder out = new StringBuilder();
            if (matcher.find()) {
                for (int group = 0; group <= matcher.groupCount(); group++) {
                    out.append(group > 0 ? "," : "").append(shown(matcher.group(group)));
                }
            } else {
                out.append('-');
            }
            out.append('|').append(matcher.reset().matches()).append('|');
            for (String part : compiled.split(text)) {
                out.append(shown(part));
            }
            return out.append('|').append(shown(compiled.matcher(text).replaceAll("<$0>"))).toString();
        } catch (RuntimeException error) {
            return "ERROR";
        }
    }

    static String shown(String text) {
        if (text == null) {
            return "~";
        }
        StringBuilder out = new StringBuilder("'");
        text.codePoints().forEach(code -> {
            boolean plain = code >= 32 && code < 127 && "\\'|".indexOf(code) < 0;
            out.append(plain ? Character.toString(code) : String.format("\\u{%x}", code));
        });
        return out.append("'").toString();
    }

    static String plain(String text) {
        return Pattern.compile("\\\\u\\{([0-9a-f]+)\\}").matcher(text).replaceAll(
            found -> Matcher.quoteReplacement(Character.toString(Integer.parseInt(found.group(1), 16))));
    }
}
