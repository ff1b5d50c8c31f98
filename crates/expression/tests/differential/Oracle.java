import java.io.*;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.regex.*;
import javax.el.*;
import de.odysseus.el.ExpressionFactoryImpl;

/**
 * Says what Java makes of expressions and patterns. A question is a line of columns, the answer is a line.
 *
 * <p>{@code V}, the variables of all expressions; {@code E}, an expression; {@code P}, a pattern with a text
 * and a replacement. Expressions are evaluated with JUEL and resolved as the gateways do that use it: maps,
 * lists and arrays by what stands between the brackets, everything else as a bean, and null for what is not
 * there.
 */
public final class Oracle {
    /** Longer searches are given up: they would hold up the run, and no text of a request may take so long. */
    private static final int LOOKS_MAX = 1_000_000;
    private static final ExpressionFactoryImpl FACTORY = new ExpressionFactoryImpl();
    private static final BeanELResolver BEANS = new BeanELResolver();

    /** The variables with whole numbers as JSON readers make them: as narrow as they fit. */
    private static Map<String, Object> usual = Map.of();
    /** The same with 64 bits for every whole number. */
    private static Map<String, Object> wide = Map.of();

    public static void main(String[] arguments) throws Exception {
        // Deep recursion is how the pattern engine of Java works.
        Thread thread = new Thread(null, Oracle::serve, "oracle", 512L << 20);
        thread.start();
        thread.join();
    }

    private static void serve() {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                Writer out = new OutputStreamWriter(
                    new BufferedOutputStream(System.out, 1 << 16), StandardCharsets.UTF_8)) {
            out.write(System.getProperty("java.specification.version") + "\n");
            out.flush();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.write(answer(line.split("\t", -1)) + "\n");
                if (!in.ready()) {
                    out.flush();
                }
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static String answer(String[] columns) {
        switch (columns[0]) {
            case "V":
                usual = variables(columns, false);
                wide = variables(columns, true);
                return "";
            case "E":
                return expression(columns[1], Values.plain(columns[2]));
            default:
                return pattern(Values.plain(columns[1]), Values.plain(columns[2]), Values.plain(columns[3]));
        }
    }

    private static Map<String, Object> variables(String[] columns, boolean isWide) {
        Map<String, Object> variables = new LinkedHashMap<>();
        for (int at = 1; at + 1 < columns.length; at += 2) {
            variables.put(columns[at], new Values.Reader(Values.plain(columns[at + 1]), isWide).value());
        }
        return variables;
    }

    // ---- expressions

    private static String expression(String mode, String text) {
        ELContext context = new Context(new Resolver(mode.contains("wide"), mode.contains("plain")));
        ValueExpression compiled;
        try {
            compiled = FACTORY.createValueExpression(context, text, Object.class);
        } catch (RuntimeException error) {
            return "refused";
        }
        try {
            return "value\t" + Values.escaped(Values.shown(compiled.getValue(context)));
        } catch (RuntimeException | StackOverflowError error) {
            return "failed";
        }
    }

    private static final class Context extends ELContext {
        private final ELResolver resolver;

        Context(ELResolver resolver) {
            this.resolver = resolver;
        }

        @Override
        public ELResolver getELResolver() {
            return resolver;
        }

        @Override
        public FunctionMapper getFunctionMapper() {
            return null;
        }

        @Override
        public VariableMapper getVariableMapper() {
            return null;
        }
    }

    private static final class Resolver extends ELResolver {
        /** Whether all whole numbers have 64 bits. */
        private final boolean isWide;
        /** Whether arrays and views of maps become lists, and characters texts. */
        private final boolean isPlain;

        Resolver(boolean isWide, boolean isPlain) {
            this.isWide = isWide;
            this.isPlain = isPlain;
        }

        @Override
        public Object getValue(ELContext context, Object base, Object property) {
            Object value = base == null ? (isWide ? wide : usual).get(property) : lookUp(context, base, property);
            context.setPropertyResolved(true);
            return value;
        }

        private static Object lookUp(ELContext context, Object base, Object property) {
            if (base instanceof Map && ((Map<?, ?>) base).containsKey(property)) {
                return ((Map<?, ?>) base).get(property);
            }
            if (property instanceof Number && (base instanceof List || base.getClass().isArray())) {
                int at = ((Number) property).intValue();
                try {
                    return base instanceof List
                        ? ((List<?>) base).get(at)
                        : java.lang.reflect.Array.get(base, at);
                } catch (IndexOutOfBoundsException error) {
                    return null;
                }
            }
            if (base.getClass().isArray()) {
                return null;
            }
            try {
                return BEANS.getValue(context, base, property);
            } catch (RuntimeException error) {
                return null;
            }
        }

        /** JUEL takes whichever overload reflection lists first; here it is one that fits the arguments. */
        @Override
        public Object invoke(
                ELContext context, Object base, Object name, Class<?>[] types, Object[] arguments) {
            Object[] given = arguments == null ? new Object[0] : arguments;
            Method fitting = null;
            for (Method method : base.getClass().getMethods()) {
                if (method.getName().equals(name) && method.getParameterCount() == given.length
                        && !method.isBridge() && !method.isVarArgs()
                        && (fitting == null || fit(method, given) > fit(fitting, given))) {
                    fitting = method;
                }
            }
            Object result = BEANS.invoke(
                context, base, name, fitting == null ? types : fitting.getParameterTypes(), given);
            if (isWide && result instanceof Integer) {
                return ((Integer) result).longValue();
            }
            if (!isPlain) {
                return result;
            }
            return result instanceof Object[] ? new ArrayList<>(Arrays.asList((Object[]) result))
                : result instanceof Collection ? new ArrayList<>((Collection<?>) result)
                : result instanceof Character ? result.toString() : result;
        }

        /** How well the arguments suit a method as they are; objects count a little more than primitives. */
        private static int fit(Method method, Object[] arguments) {
            int fit = 0;
            Class<?>[] types = method.getParameterTypes();
            for (int at = 0; at < types.length; at++) {
                boolean isPlaceForNumber = types[at].isPrimitive() && types[at] != char.class;
                boolean fits = arguments[at] == null
                    ? !types[at].isPrimitive()
                    : isPlaceForNumber ? arguments[at] instanceof Number : types[at].isInstance(arguments[at]);
                fit += (fits ? 2 : 0) + (types[at].isPrimitive() ? 0 : 1);
            }
            return fit;
        }

        @Override
        public Class<?> getType(ELContext context, Object base, Object property) {
            return Object.class;
        }

        @Override
        public void setValue(ELContext context, Object base, Object property, Object value) {
            throw new PropertyNotWritableException();
        }

        @Override
        public boolean isReadOnly(ELContext context, Object base, Object property) {
            return true;
        }

        @Override
        public Iterator<java.beans.FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
            return null;
        }

        @Override
        public Class<?> getCommonPropertyType(ELContext context, Object base) {
            return Object.class;
        }
    }

    // ---- patterns

    private static String pattern(String pattern, String text, String template) {
        Pattern compiled;
        try {
            compiled = Pattern.compile(pattern);
        } catch (RuntimeException | StackOverflowError error) {
            return "refused";
        }
        try {
            Matcher matcher = compiled.matcher(new Watched(text));
            StringBuilder out = new StringBuilder("value\t");
            out.append(groups(matcher, matcher.find())).append('\t');
            matcher = compiled.matcher(new Watched(text));
            out.append(groups(matcher, matcher.matches())).append('\t');
            out.append(Values.escaped(Values.shown(Arrays.asList(compiled.split(new Watched(text)))))).append('\t');
            out.append(replaced(compiled.matcher(new Watched(text)), template, true)).append('\t');
            return out.append(replaced(compiled.matcher(new Watched(text)), template, false)).toString();
        } catch (TooLong | StackOverflowError error) {
            return "too long";
        } catch (RuntimeException error) {
            // A defect of the engine: it leaves the text that it searches, or its own program.
            return "broken";
        }
    }

    private static String groups(Matcher matcher, boolean matches) {
        if (!matches) {
            return "none";
        }
        List<Object> groups = new ArrayList<>();
        for (int group = 0; group <= matcher.groupCount(); group++) {
            groups.add(matcher.group(group));
        }
        return Values.escaped(Values.shown(groups));
    }

    private static String replaced(Matcher matcher, String template, boolean all) {
        try {
            return Values.escaped(Values.shown(all ? matcher.replaceAll(template) : matcher.replaceFirst(template)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException error) {
            return "failed";
        }
    }

    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1;

        TooLong() {
            super(null, null, false, false);
        }
    }

    /** A text that can be looked at so often and no more. */
    private static final class Watched implements CharSequence {
        private final String text;
        private int looks;

        Watched(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            if (++looks > LOOKS_MAX) {
                throw new TooLong();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
