//! `portcullis check --explain CODE`: the page of one code.

use std::process::ExitCode;

use source::Code;

use super::{NOTHING_CHECKED, write_out};
use crate::reference::{code_page, codes};

/// Prints the page of a code, which may be given as `PC0306`, `306` or by its name.
pub(crate) fn explain(wanted: &str) -> ExitCode {
    let codes = codes();
    if let Some(code) = codes.iter().find(|code| is_meant(code, wanted)) {
        write_out(&code_page(code));
        return ExitCode::SUCCESS;
    }
    let numbers: Vec<String> = codes.iter().map(ToString::to_string).collect();
    let known = numbers.iter().map(String::as_str).chain(codes.iter().map(|code| code.name));
    let help = source::nearest(wanted, known).map(|nearest| format!("; did you mean `{nearest}`?"));
    eprintln!("error: there is no code `{wanted}`{}", help.unwrap_or_default());
    ExitCode::from(NOTHING_CHECKED)
}

fn is_meant(code: &Code, wanted: &str) -> bool {
    let number = wanted.trim_start_matches(['P', 'p']).trim_start_matches(['C', 'c']);
    code.name.eq_ignore_ascii_case(wanted) || number.parse() == Ok(code.number)
}
