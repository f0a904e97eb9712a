//! Which credentials open what.

use axum::http::HeaderValue;

use super::*;

fn auth() -> Auth {
    Auth::new(7333, "api token", "view secret")
}

fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn login(auth: &Auth) -> NewLogin {
    let token = auth.new_token().unwrap();
    auth.login_by_token(&token, &HeaderMap::new()).unwrap().unwrap().0
}

/// A request with these halves.
fn request(cookie: Option<&str>, secret: Option<&str>) -> HeaderMap {
    let mut pairs = Vec::new();
    let cookie = cookie.map(|cookie| format!("other=1; tracedeck-7333={cookie}"));
    let secret = secret.map(|secret| format!("Bearer {secret}"));
    pairs.extend(cookie.as_deref().map(|cookie| (header::COOKIE, cookie)));
    pairs.extend(secret.as_deref().map(|secret| (header::AUTHORIZATION, secret)));
    headers(&pairs)
}

#[test]
fn both_halves_open_and_neither_alone_does() {
    let auth = auth();
    let NewLogin { cookie, secret, .. } = login(&auth);
    assert_eq!(auth.access(&request(Some(&cookie), Some(&secret))), Some(Access::Operator));
    for (cookie, secret) in [
        (None, None),
        (Some(&*cookie), None),
        (None, Some(&*secret)),
        (Some(&*secret), Some(&*cookie)),
        (Some(&*cookie), Some(&*cookie)),
        (Some(""), Some(&*secret)),
        (Some(&*cookie), Some("")),
    ] {
        assert_eq!(auth.access(&request(cookie, secret)), None, "{cookie:?} {secret:?}");
    }
}

#[test]
fn halves_of_different_logins_do_not_fit() {
    let auth = auth();
    let (first, second) = (login(&auth), login(&auth));
    assert_eq!(auth.access(&request(Some(&first.cookie), Some(&second.secret))), None);
    assert_eq!(auth.access(&request(Some(&second.cookie), Some(&first.secret))), None);
}

#[test]
fn a_token_works_once_and_a_new_one_replaces_it() {
    let auth = auth();
    let token = auth.new_token().unwrap();
    assert_eq!(token.len(), 43);
    assert!(auth.login_by_token("wrong", &HeaderMap::new()).unwrap().is_none());
    assert!(auth.login_by_token(&token, &HeaderMap::new()).unwrap().is_some());
    assert!(auth.login_by_token(&token, &HeaderMap::new()).unwrap().is_none());
    let (old, new) = (auth.new_token().unwrap(), auth.new_token().unwrap());
    assert!(auth.login_by_token(&old, &HeaderMap::new()).unwrap().is_none());
    assert!(auth.login_by_token(&new, &HeaderMap::new()).unwrap().is_some());
}

#[test]
fn a_view_key_opens_its_run_alone() {
    let auth = auth();
    let key = auth.view_key("aaaaaaaaaa");
    assert!(!auth.is_view_key("bbbbbbbbbb", &key));
    assert!(auth.login_by_view_key("bbbbbbbbbb", &key, &HeaderMap::new()).unwrap().is_none());
    assert!(auth.login_by_view_key("aaaaaaaaaa", "", &HeaderMap::new()).unwrap().is_none());
    let (login, _) = auth.login_by_view_key("aaaaaaaaaa", &key, &HeaderMap::new()).unwrap().unwrap();
    let access = auth.access(&request(Some(&login.cookie), Some(&login.secret))).unwrap();
    assert!(access.may_see("aaaaaaaaaa") && !access.may_see("bbbbbbbbbb"));
    assert_eq!(access.role(), Role::Viewer);
    // Another server has other keys.
    assert_ne!(key, Auth::new(7333, "api token", "another secret").view_key("aaaaaaaaaa"));
}

#[test]
fn the_token_for_programs_is_refused_from_browsers() {
    let auth = auth();
    let bearer = (header::AUTHORIZATION, "Bearer api token");
    assert_eq!(auth.access(&headers(std::slice::from_ref(&bearer))), Some(Access::Operator));
    assert_eq!(auth.access(&headers(&[bearer.clone(), (header::ORIGIN, "http://127.0.0.1:7333")])), None);
    assert_eq!(auth.access(&headers(&[bearer.clone(), (header::COOKIE, "tracedeck-7333=x")])), None);
    assert_eq!(auth.access(&headers(&[(header::AUTHORIZATION, "Basic api token")])), None);
    assert_eq!(auth.access(&headers(&[bearer.clone(), bearer])), None);
}

#[test]
fn a_cookie_that_comes_twice_or_from_another_port_is_none() {
    let auth = auth();
    let NewLogin { cookie, secret, .. } = login(&auth);
    let bearer = format!("Bearer {secret}");
    let with = |cookies: &str| auth.access(&headers(&[(header::COOKIE, cookies), (header::AUTHORIZATION, &bearer)]));
    assert_eq!(with(&format!("tracedeck-7333={cookie}; tracedeck-7333=x")), None);
    assert_eq!(with(&format!("tracedeck-7334={cookie}")), None);
    assert_eq!(with(&format!("tracedeck-7333={cookie}")), Some(Access::Operator));
}

#[test]
fn a_second_tab_shares_the_cookie_and_a_planted_one_is_not_adopted() {
    let auth = auth();
    let first = login(&auth);
    let token = auth.new_token().unwrap();
    let (second, _) = auth.login_by_token(&token, &request(Some(&first.cookie), None)).unwrap().unwrap();
    assert_eq!(second.cookie, first.cookie);
    assert_ne!(second.secret, first.secret);
    assert_eq!(auth.access(&request(Some(&first.cookie), Some(&first.secret))), Some(Access::Operator));
    let token = auth.new_token().unwrap();
    let (third, _) = auth.login_by_token(&token, &request(Some("planted"), None)).unwrap().unwrap();
    assert_ne!(third.cookie, "planted");
}

#[test]
fn logins_are_restored_by_their_hashes_until_they_expire() {
    let (before, after) = (auth(), auth());
    let token = before.new_token().unwrap();
    let (login, stored) = before.login_by_token(&token, &HeaderMap::new()).unwrap().unwrap();
    let expired = StoredLogin { expires_s: 1, secret_hash: hash("old"), cookie_hash: hash("c"), run: None };
    after.restore(vec![stored, expired]);
    assert_eq!(after.access(&request(Some(&login.cookie), Some(&login.secret))), Some(Access::Operator));
    assert_eq!(after.check("c", "old"), None);
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let auth = auth();
    let login = login(&auth);
    assert_eq!(auth.set_cookie(&login), format!("tracedeck-7333={}; HttpOnly; SameSite=Strict; Path=/", login.cookie));
}
