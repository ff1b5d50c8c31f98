import java.util.*;
import java.util.regex.*;

/** Values and questions as text, in the form that {@code values.rs} reads and writes. */
final class Values {
    private Values() {
    }

    /** A value, its type told by how it is written. */
    static String shown(Object value) {
        StringBuilder out = new StringBuilder();
        show(value, out);
        return out.toString();
    }

    private static void show(Object value, StringBuilder out) {
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Long || value instanceof Integer || value instanceof Short
                || value instanceof Byte) {
            out.append('i').append(value);
        } else if (value instanceof Double || value instanceof Float) {
            double decimal = ((Number) value).doubleValue();
            out.append(String.format("d%016x", Double.doubleToLongBits(decimal)));
        } else if (value instanceof String || value instanceof Character) {
            show(value.toString(), out);
        } else if (value instanceof Object[]) {
            show(Arrays.asList((Object[]) value), out);
        } else if (value instanceof byte[]) {
            out.append("bytes").append(Arrays.toString((byte[]) value));
        } else if (value instanceof Collection) {
            String separator = "[";
            for (Object element : (Collection<?>) value) {
                out.append(separator);
                show(element, out);
                separator = ",";
            }
            out.append(separator.equals("[") ? "[]" : "]");
        } else if (value instanceof Map) {
            out.append('{');
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                show(entry.getKey(), out);
                out.append('=');
                show(entry.getValue(), out);
                out.append(',');
            }
            out.append('}');
        } else {
            out.append("object ").append(value.getClass().getName());
        }
    }

    private static void show(String text, StringBuilder out) {
        out.append('"');
        text.codePoints().forEach(code -> {
            if (code == '"' || code == '\\' || code < 32 || code >= 0xD800 && code < 0xE000) {
                out.append(String.format("\\u{%x}", code));
            } else {
                out.appendCodePoint(code);
            }
        });
        out.append('"');
    }

    /** Reads values in the same form. */
    static final class Reader {
        private final String text;
        private final boolean isWide;
        private int at;

        Reader(String text, boolean isWide) {
            this.text = text;
            this.isWide = isWide;
        }

        Object value() {
            switch (text.charAt(at)) {
                case 'n':
                    at += 4;
                    return null;
                case 't':
                    at += 4;
                    return true;
                case 'f':
                    at += 5;
                    return false;
                case 'i':
                    long number = Long.parseLong(word());
                    return isWide || number != (int) number ? (Object) number : (Object) (int) number;
                case 'd':
                    return Double.longBitsToDouble(Long.parseUnsignedLong(word(), 16));
                case '"':
                    return string();
                case '[':
                    return list();
                default:
                    return map();
            }
        }

        private String word() {
            int start = ++at;
            while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '-')) {
                at++;
            }
            return text.substring(start, at);
        }

        private String string() {
            int end = text.indexOf('"', at + 1);
            String quoted = text.substring(at + 1, end);
            at = end + 1;
            Matcher codes = Pattern.compile("\\\\u\\{([0-9a-f]+)\\}").matcher(quoted);
            return codes.replaceAll(found ->
                Matcher.quoteReplacement(Character.toString(Integer.parseInt(found.group(1), 16))));
        }

        private List<Object> list() {
            List<Object> list = new ArrayList<>();
            at++;
            while (text.charAt(at) != ']') {
                list.add(value());
                at += text.charAt(at) == ',' ? 1 : 0;
            }
            at++;
            return list;
        }

        private Map<String, Object> map() {
            Map<String, Object> map = new LinkedHashMap<>();
            at++;
            while (text.charAt(at) != '}') {
                String name = string();
                at++;
                map.put(name, value());
                at++;
            }
            at++;
            return map;
        }
    }

    /** A text as a column of a line. */
    static String escaped(String column) {
        return column.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
    }

    /** A column as it was before it was put into a line. */
    static String plain(String column) {
        if (column.indexOf('\\') < 0) {
            return column;
        }
        StringBuilder out = new StringBuilder();
        for (int at = 0; at < column.length(); at++) {
            char character = column.charAt(at);
            if (character != '\\') {
                out.append(character);
                continue;
            }
            at++;
            switch (column.charAt(at)) {
                case 't': out.append('\t'); break;
                case 'n': out.append('\n'); break;
                case 'r': out.append('\r'); break;
                default: out.append(column.charAt(at));
            }
        }
        return out.toString();
    }
}
