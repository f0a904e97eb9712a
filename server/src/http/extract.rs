//! What handlers take from an address, refused as everything is: as JSON with a sentence.

use axum::extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// Placeholders of the address.
pub struct Path<T>(pub T);

/// Parameters behind the `?`.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = AxumPath::from_request_parts(parts, state).await;
        found.map(|AxumPath(value)| Self(value)).map_err(|rejection| bad_parameter(&rejection.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = AxumQuery::from_request_parts(parts, state).await;
        found.map(|AxumQuery(value)| Self(value)).map_err(|rejection| bad_parameter(&rejection.body_text()))
    }
}

/// Which parameter it is and what could stand there, without the words for programmers before it.
fn bad_parameter(text: &str) -> ApiError {
    let said =
        ["Failed to deserialize query string: ", "Invalid URL: "].iter().find_map(|words| text.strip_prefix(words));
    ApiError::bad_request("bad-parameter", said.unwrap_or(text))
}
