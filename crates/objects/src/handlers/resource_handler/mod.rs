//! `ResourceHandler`: files from folders.
//!
//! The path of a request is taken apart, decoded and checked segment by segment, and the file that it leads to
//! is looked up in the real folder tree, links followed. Only a regular file that then still lies below its
//! directory is served. All file access runs on the runtime's threads for blocking work.

mod conditions;
mod find;
mod media_types;
mod stream;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use exchange::{
    Body, Context, Fault, FaultKind, Handler, HandlerRef, HeaderValue, Method, Outcome, Request, Response,
    StatusCode, header,
};
use heap::{Builder, ObjectConfig, Ref, Spanned, TemporaryStorageRef};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

use conditions::{Part, Verdict};
use find::Found;

/// Serves files from folders, for GET and HEAD.
///
/// The folders are searched in order, and the first that has the file serves it. Responses carry
/// `Last-Modified` and `ETag`, so that a browser that has the file already is answered with 304, and single
/// ranges are served. A link in a folder is followed only to what lies below the same folder.
///
/// ```json
/// {
///   "type": "ResourceHandler",
///   "config": {
///     "directories": ["/srv/site/overrides", "/srv/site"],
///     "basePath": "/static",
///     "welcomePages": ["index.html"]
///   }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "properties that are accepted and ignored are never read")]
pub struct ResourceHandler {
    /// The folders, searched in order; at least one. One that does not exist is passed over.
    directories: Spanned<Vec<PathBuf>>,
    /// The part of the request's path in front of the files' names. A request outside of it is answered with
    /// 404. Empty by default, and the same as `/`.
    #[serde(default)]
    base_path: String,
    /// Files that are shown for a folder; the first that exists. Without one, a folder is answered with 404.
    welcome_pages: Option<Spanned<Vec<String>>>,
    /// Accepted and ignored: files are streamed from where they lie.
    temporary_storage: Option<Ref<TemporaryStorageRef>>,
}

impl ObjectConfig for ResourceHandler {
    const TYPE: &'static str = "ResourceHandler";
    type Object = HandlerRef;

    fn build(self, b: &mut Builder<'_>) -> Result<HandlerRef, Diagnostic> {
        if self.directories.is_empty() {
            return Err(
                b.error("a ResourceHandler needs at least one directory", Some(self.directories.span()))
            );
        }
        for page in self.welcome_pages.iter().flat_map(|pages| pages.iter()) {
            if find::segments(page).is_none_or(|segments| segments.is_empty()) {
                let complaint = format!("`{page}` is not the name of a file below a directory");
                return Err(b.error(complaint, self.welcome_pages.as_ref().map(Spanned::span)));
            }
        }
        let folders = find::Folders {
            directories: self.directories.into_inner(),
            base: self.base_path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            welcome_pages: self.welcome_pages.map(Spanned::into_inner).unwrap_or_default(),
        };
        Ok(HandlerRef::new(Files(Arc::new(folders))))
    }
}

struct Files(Arc<find::Folders>);

impl Handler for Files {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        if ![Method::GET, Method::HEAD].contains(&request.method) {
            let fault = Fault::new(FaultKind::MethodNotAllowed, "Files are served for GET and HEAD only.");
            let mut response = fault.into_response(cx);
            response.headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Ok(response);
        }
        let folders = self.0.clone();
        let path = request.uri.raw_path().to_owned();
        let found = tokio::task::spawn_blocking(move || folders.find(&path)).await;
        let found =
            found.map_err(|error| Fault::internal("The search for a file broke off.").because(error))?;
        let found = found.map_err(|error| Fault::internal("A file could not be opened.").because(error))?;
        let Some(found) = found else {
            return Err(Fault::new(FaultKind::NotFound, "No directory has a file for this path."));
        };
        Ok(answer(found, request))
    }
}

fn answer(found: Found, request: &Request) -> Response {
    let validators = conditions::Validators::of(&found);
    let verdict = conditions::judge(&request.method, &request.headers, &validators, found.length);
    let status = match &verdict {
        Verdict::Whole => StatusCode::OK,
        Verdict::Part(_) => StatusCode::PARTIAL_CONTENT,
        Verdict::NotModified => StatusCode::NOT_MODIFIED,
        Verdict::Failed => StatusCode::PRECONDITION_FAILED,
        Verdict::OutOfRange => StatusCode::RANGE_NOT_SATISFIABLE,
    };
    let mut response = Response::new(status);
    validators.write(&mut response.headers);
    match verdict {
        Verdict::Whole => write_content(found, 0, None, &mut response),
        Verdict::Part(Part { start, length }) => {
            let range = format!("bytes {start}-{}/{}", start + length - 1, found.length);
            write_content(found, start, Some(length), &mut response);
            set_range(range, &mut response);
        }
        Verdict::OutOfRange => set_range(format!("bytes */{}", found.length), &mut response),
        Verdict::NotModified | Verdict::Failed => {}
    }
    response
}

fn write_content(found: Found, start: u64, length: Option<u64>, response: &mut Response) {
    let media_type = media_types::of(&found.path);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let length = length.unwrap_or(found.length);
    response.body = match found.content {
        Some(content) => {
            let from = usize::try_from(start).unwrap_or(usize::MAX).min(content.len());
            let to = from.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(content.len());
            Body::from(content.slice(from..to))
        }
        None => Body::stream(Box::pin(stream::FileStream::new(found.file, start, length))),
    };
}

fn set_range(text: String, response: &mut Response) {
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers.insert(header::CONTENT_RANGE, value);
    }
}
