//! The page's files, which are in the binary: looked up by exact name, nothing is read from disk.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::ApiError;

/// The built page beside compressed copies (`NAME.gz`), as build.rs has put them together.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Page;

/// Shown where the page was not built into the binary.
const NO_PAGE: &str =
    "This tracedeck was built without its page. Build it first (cargo xtask build does both), or use the HTTP API.\n";

/// Files with the hash of their content in their names.
const HASHED: &str = "assets/";

pub async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::method_not_allowed().into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    match Page::get(path) {
        Some(file) if !path.is_empty() && !path.ends_with(".gz") && path != "index.html" => {
            answer(path, &file, request.headers())
        }
        _ if is_page(request.uri()) => match Page::get("index.html") {
            Some(file) => answer("index.html", &file, request.headers()),
            None => (StatusCode::SERVICE_UNAVAILABLE, NO_PAGE).into_response(),
        },
        _ => ApiError::not_found().into_response(),
    }
}

/// Addresses at which the page shows something: it finds out itself what.
fn is_page(uri: &Uri) -> bool {
    let path = uri.path();
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_'));
    is_plain && !path.starts_with("/api") && !path.starts_with("/assets") && path != "/ws"
}

fn answer(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex(&file.metadata.sha256_hash()));
    let cache = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::ETAG, etag.clone()),
        (header::VARY, "accept-encoding".to_owned()),
    ];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, content_type(path))];
    match Page::get(&format!("{path}.gz")).filter(|_| accepts_gzip(headers)) {
        Some(compressed) => {
            (common, kind, [(header::CONTENT_ENCODING, "gzip")], compressed.data.into_owned()).into_response()
        }
        None => (common, kind, file.data.clone().into_owned()).into_response(),
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_addresses_are_told_from_everything_else() {
        for path in ["/", "/r/abcdefghij", "/tools", "/on-this-box"] {
            assert!(is_page(&path.parse().unwrap()), "{path}");
        }
        for path in ["/api/nothing", "/assets/gone.js", "/favicon.ico", "/r/..%2f", "/ws", "/a.b", "/%00"] {
            assert!(!is_page(&path.parse().unwrap()), "{path}");
        }
    }

    #[test]
    fn gzip_is_sent_only_to_those_who_take_it() {
        let accepts = |value: &'static str| {
            accepts_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]))
        };
        assert!(accepts("gzip") && accepts("br;q=1.0, gzip;q=0.8"));
        assert!(!accepts("br") && !accepts("gzip;q=0") && !accepts("identity"));
    }
}
