//! What every request must pass, and what every answer carries: the host that was meant, the site that asks, and the
//! headers that keep a browser on our side.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};

use super::auth;
use super::error::ApiError;

/// The names under which the server may be addressed, with ports, as browsers write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    allowed: Vec<String>,
}

impl Hosts {
    /// The loopback names with this port, and `others` (`box.example:7333`) as they are.
    pub fn new(port: u16, others: impl IntoIterator<Item = String>) -> Self {
        let mut allowed: Vec<String> =
            ["127.0.0.1", "[::1]", "localhost"].iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            allowed.extend(["127.0.0.1", "[::1]", "localhost"].map(str::to_owned));
        }
        allowed.extend(others);
        Self { allowed }
    }

    fn allows(&self, host: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == host)
    }

    /// Checks where a request wants to go and who sends it. Nothing else may look at a request before.
    pub fn check<B>(&self, request: &Request<B>) -> Result<(), ApiError> {
        let headers = request.headers();
        let host = only(headers, header::HOST).filter(|host| self.allows(host)).ok_or_else(ApiError::misdirected)?;
        // A request line with a host of its own (a proxy's form) must not smuggle in another one.
        if request.uri().authority().map(Authority::as_str).is_some_and(|authority| authority != host) {
            return Err(ApiError::misdirected());
        }
        self.check_origin(request.method(), headers, request.uri().path(), host)
    }

    fn check_origin(&self, method: &Method, headers: &HeaderMap, path: &str, host: &str) -> Result<(), ApiError> {
        let reads_only = matches!(*method, Method::GET | Method::HEAD);
        let is_upgrade = headers.contains_key(header::UPGRADE);
        let is_data = path.starts_with("/api/") || path == "/ws";
        if headers.contains_key(header::ORIGIN) {
            let origin = only(headers, header::ORIGIN).ok_or_else(ApiError::wrong_origin)?;
            // Pages of this server have its own address as their origin, and no other has.
            if origin.strip_prefix("http://") != Some(host) {
                return Err(ApiError::wrong_origin());
            }
        } else if (!reads_only || is_upgrade)
            && (auth::bearer(headers).is_none() || headers.contains_key(header::COOKIE))
        {
            // Browsers name the origin of all that changes something and of every WebSocket. Programs such as curl do
            // not; they show a token that no site can make a browser send.
            return Err(ApiError::wrong_origin());
        }
        if (is_data || !reads_only || is_upgrade)
            && headers.contains_key("sec-fetch-site")
            && !matches!(only(headers, HeaderName::from_static("sec-fetch-site")), Some("same-origin" | "none"))
        {
            return Err(ApiError::wrong_origin());
        }
        Ok(())
    }
}

/// The value of a header that is there exactly once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// What the page may load and do. Trusted Types: nothing may make markup of strings.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), usb=(), payment=(), display-capture=()"),
    ),
];

/// Completes the headers of an answer, whatever it is.
pub fn harden<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PAGE_POLICY));
    // Data is nobody's to keep; files with a name that changes with their content say otherwise.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
