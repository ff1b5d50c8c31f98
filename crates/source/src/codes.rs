//! The complaints of this crate and the page that explains each. 1 to 49 are about JSON, 50 to 99 about tokens
//! and coercions, 100 to 199 about values in a language of their own.

use crate::Code;

/// Every code of this crate, in order of number.
pub const CODES: &[&Code] = &[
    &SYNTAX,
    &NOT_UTF8,
    &FILE_TOO_LARGE,
    &TOO_DEEP,
    &UNCLOSED_STRING,
    &UNCLOSED_BRACKET,
    &INVALID_ESCAPE,
    &INVALID_NUMBER,
    &UNKNOWN_WORD,
    &DUPLICATE_KEY,
    &EMPTY_FILE,
    &TRAILING_CONTENT,
    &TOO_MANY_ERRORS,
    &UNCLOSED_COMMENT,
    &COMMENT,
    &SINGLE_QUOTES,
    &RAW_CONTROL,
    &TRAILING_COMMA,
    &UNRESOLVED_TOKEN,
    &UNCLOSED_TOKEN,
    &EMPTY_TOKEN,
    &TOKENS_TOO_DEEP,
    &EXPANSION_TOO_LARGE,
    &COERCION_INPUT,
    &UNKNOWN_COERCION,
    &UNKNOWN_CHARSET,
    &INVALID_DURATION,
];

macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $number:literal $name:literal
        means $means:literal matters $matters:literal mend $mend:literal example $example:literal;)*) => {$(
        $(#[$doc])*
        pub const $constant: Code = Code::new($number, $name, concat!(
            "## What it means\n\n", $means, "\n\n## Why it matters\n\n", $matters,
            "\n\n## How to mend it\n\n", $mend, "\n\n## Example\n\n", $example, "\n",
        ));
    )*};
}

codes! {
    /// Something else was expected here.
    SYNTAX = 1 "json-syntax"
        means "The text is not JSON at this place: something else was expected."
        matters "Where the file's structure is unclear, a filter could silently end up outside its chain. \
            Such a file is not used at all."
        mend "Look at the caret and just before it. Most often a `,`, a `:` or a quote is missing."
        example "`{\"a\": 1 \"b\": 2}` lacks a comma: `{\"a\": 1, \"b\": 2}`.";
    /// The bytes of a file are not UTF-8.
    NOT_UTF8 = 2 "not-utf8"
        means "The file holds bytes that are not UTF-8 text."
        matters "Read in a wrong encoding, names and passwords with accents would be different ones."
        mend "Save the file as UTF-8, without changing its content."
        example "`iconv -f ISO-8859-1 -t UTF-8 old.json > new.json`";
    /// The file is beyond the size limit.
    FILE_TOO_LARGE = 3 "file-too-large"
        means "The file is larger than 16 MiB."
        matters "A configuration of that size is almost surely another kind of file, put there by mistake."
        mend "Take the file out of the folder, or divide the configuration into several routes."
        example "A log or a dump saved as `routes/dump.json`.";
    /// Brackets within brackets beyond the limit.
    TOO_DEEP = 4 "nesting-too-deep"
        means "Arrays and objects are nested more than 128 levels deep."
        matters "The limit keeps a hostile or damaged file from exhausting the memory of the gateway."
        mend "Move inline objects into the `heap` and refer to them by name."
        example "Instead of a handler in a handler in a handler: `\"handler\": \"Inner\"`.";
    /// A quote without its partner.
    UNCLOSED_STRING = 5 "unclosed-string"
        means "A string starts here and runs to the end of the file."
        matters "Everything behind the quote would be text instead of configuration."
        mend "Add the closing quote. A quote inside the string is written `\\\"`."
        example "`{\"name\": \"app}` should be `{\"name\": \"app\"}`.";
    /// A bracket without its partner.
    UNCLOSED_BRACKET = 6 "unclosed-bracket"
        means "An object or an array is opened here and not closed, or closed by the wrong bracket."
        matters "It is unclear which values belong to it."
        mend "Add the closing bracket; an editor that indents JSON shows where."
        example "`{\"filters\": [1, 2}` should be `{\"filters\": [1, 2]}`.";
    /// A backslash with something it cannot escape.
    INVALID_ESCAPE = 7 "invalid-escape"
        means "JSON knows no such escape. It has `\\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` and `\\u` \
            with four hexadecimal digits."
        matters "A pattern whose backslash is lost matches other paths than it seems to."
        mend "To mean a backslash, write two."
        example "The pattern `^/app/\\d+` is written `\"^/app/\\\\d+\"`.";
    /// A number in a form JSON lacks.
    INVALID_NUMBER = 8 "invalid-number"
        means "The number is not in a form JSON knows, or too large to hold."
        matters "`010` is ten to one reader and eight to another."
        mend "Write an optional `-`, digits without leading zeros, then if needed a fraction and an exponent."
        example "`08` is `8`, `+1` is `1`, `.5` is `0.5`, `0x1F` is `31`.";
    /// A word without quotes.
    UNKNOWN_WORD = 9 "unknown-word"
        means "A word without quotes that is not `true`, `false` or `null`."
        matters "It could be a string, a misspelt `true`, or a left-over."
        mend "Put text in quotes; write `true`, `false` and `null` in lower case."
        example "`{\"type\": Chain}` should be `{\"type\": \"Chain\"}`.";
    /// A key for the second time.
    DUPLICATE_KEY = 10 "duplicate-key"
        means "The same key stands twice in one object."
        matters "Only one of the two could count, and which one differs between readers. The other value, \
            perhaps a condition or a filter, would be lost without a word."
        mend "Remove or rename one of the two."
        example "`{\"timeout\": \"5 s\", \"timeout\": \"10 s\"}`";
    /// Nothing in the file.
    EMPTY_FILE = 11 "empty-file"
        means "The file holds no value, only spaces or comments."
        matters "Often a file is seen empty because it is just being written or the disk is full."
        mend "Write an object, or remove the file."
        example "The smallest route is `{\"handler\": \"ReverseProxyHandler\"}`.";
    /// Something behind the value.
    TRAILING_CONTENT = 12 "trailing-content"
        means "The file's value is complete, and something follows it."
        matters "The rest would be ignored, though somebody wrote it to take effect."
        mend "Remove the rest, or look for a bracket that closes the value too early."
        example "`{\"heap\": []}, \"handler\": \"Main\"}` closes the object after `heap`.";
    /// Reading stopped.
    TOO_MANY_ERRORS = 13 "too-many-errors"
        means "The file has so many mistakes that reading stopped; there may be more behind this place."
        matters "Beyond that number the messages hide the first mistake instead of explaining it."
        mend "Mend the first ones and check again. Perhaps the file is not JSON at all."
        example "A YAML file saved as `.json`.";
    /// `/*` without `*/`.
    UNCLOSED_COMMENT = 14 "unclosed-comment"
        means "A comment starts here and runs to the end of the file."
        matters "Everything behind it would be ignored."
        mend "Add `*/` where the comment should end."
        example "`{ /* old: \"handler\": \"Main\" }`";
    /// Accepted: comments.
    COMMENT = 20 "comment"
        means "The file has comments. JSON has none; they are accepted here."
        matters "Other programs that read this file may refuse it."
        mend "Nothing needs to be done. To be strict, use a `\"comment\"` key."
        example "`{\"comment\": \"for the test system\", \"handler\": \"Main\"}`";
    /// Accepted: `'text'`.
    SINGLE_QUOTES = 21 "single-quotes"
        means "A string stands in single quotes. JSON knows only double quotes; it is accepted here."
        matters "Other programs that read this file may refuse it."
        mend "Nothing needs to be done. To be strict, use double quotes."
        example "`'a'` is `\"a\"`.";
    /// Accepted: line breaks and control characters within strings.
    RAW_CONTROL = 22 "raw-control-character"
        means "A string holds a line break or another control character as it is. It is accepted here."
        matters "Other programs that read this file may refuse it; and a missing quote can look like this."
        mend "Nothing needs to be done. To be strict, write `\\n`, `\\t` or `\\u` and four digits."
        example "A script over several lines in one string.";
    /// Accepted: `[1, 2,]`.
    TRAILING_COMMA = 23 "trailing-comma"
        means "A comma stands before the closing bracket. JSON has no such comma; it is accepted here."
        matters "Other programs that read this file may refuse it, and so do other gateways."
        mend "Nothing needs to be done. To be strict, remove the comma."
        example "`[1, 2,]` is `[1, 2]`.";
    /// A token without value and default.
    UNRESOLVED_TOKEN = 50 "unresolved-token"
        means "A property token has no value: no environment variable, system property, file or `properties` \
            entry of that name exists, and the token has no default."
        matters "A gateway that starts with an empty host name or password is worse than one that does not."
        mend "Set the value, correct the name, or add a default: `&{name|default}`. To mean the characters \
            themselves, write `\\\\&{` in JSON."
        example "`\"&{am.host}\"` is filled from the environment variable `AM_HOST`.";
    /// `&{` without `}`.
    UNCLOSED_TOKEN = 51 "unclosed-token"
        means "A property token starts with `&{` and has no closing `}`."
        matters "The rest of the string would be part of a name."
        mend "Add the `}`. Braces in a default must come in pairs. To mean the characters themselves, write \
            `\\\\&{` in JSON."
        example "`\"&{host:8080\"` should be `\"&{host}:8080\"`.";
    /// `&{}`.
    EMPTY_TOKEN = 52 "empty-token"
        means "A property token has no name."
        matters "There is nothing to look up."
        mend "Write a name between the braces."
        example "`\"&{|8080}\"` should be `\"&{port|8080}\"`.";
    /// Tokens within tokens beyond the limit.
    TOKENS_TOO_DEEP = 53 "tokens-too-deep"
        means "Property tokens are nested more than 32 levels deep."
        matters "The limit keeps a damaged file from exhausting the memory of the gateway."
        mend "Give the inner part a property of its own."
        example "`\"&{&{scheme|http}.port|8080}\"` has two levels.";
    /// Values of tokens beyond the limit.
    EXPANSION_TOO_LARGE = 54 "expansion-too-large"
        means "The values of the tokens in this file are larger than 16 MiB together."
        matters "The limit keeps a mistaken variable from exhausting the memory of the gateway."
        mend "Look at the size of the token's value; perhaps it names a file instead of holding its content."
        example "`CERTIFICATE=\"$(cat bundle.pem)\"` with a bundle of many megabytes.";
    /// A coercion cannot use what it was given.
    COERCION_INPUT = 60 "coercion-input"
        means "A coercion such as `$int` was given something it cannot convert."
        matters "A guessed port, limit or switch would take effect unseen."
        mend "Correct the value, or the token it comes from."
        example "`{\"$int\": \"80 80\"}` should be `{\"$int\": \"8080\"}`.";
    /// An object that looks like a coercion.
    UNKNOWN_COERCION = 61 "unknown-coercion"
        means "An object has a single key that starts with `$`, as coercions do, but no coercion has that \
            name. It stays an object."
        matters "A number or a list was probably meant."
        mend "Use one of `$int`, `$number`, `$bool`, `$string`, `$list`, `$array`, `$object`, \
            `$base64:encode`, `$base64:decode`."
        example "`{\"$integer\": \"8080\"}` should be `{\"$int\": \"8080\"}`.";
    /// `$charset` names an unknown character set.
    UNKNOWN_CHARSET = 62 "unknown-charset"
        means "`$charset` names a character set this gateway does not know."
        matters "Decoded with another one, accents in passwords would change."
        mend "Use `UTF-8`, `US-ASCII`, `ISO-8859-1`, `UTF-16BE` or `UTF-16LE`."
        example "`{\"$base64:decode\": \"w6k=\", \"$charset\": \"UTF-8\"}`";
    /// A length of time that cannot be read.
    INVALID_DURATION = 100 "invalid-duration"
        means "The text is not a length of time."
        matters "A wrong timeout shows only under load."
        mend "Write numbers and units, joined by spaces, `,` or `and`; or `unlimited`, or `zero`."
        example "`5 minutes`, `1 hour and 30 minutes`, `500 ms`";
}
