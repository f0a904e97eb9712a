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
    assert_eq!(auth.access(&request(Some(&cookie), Some(&secret))), Some(owner()));
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

fn share(run: &str, key: &str) -> Share {
    Share { id: format!("link-{key}"), key_hash: hash(key), run: run.to_owned(), ..Share::default() }
}

fn user(name: &str, role: Role, token: &str) -> User {
    User { name: name.to_owned(), role, token_hash: hash(token), created_ms: 0 }
}

fn of(login: &NewLogin) -> HeaderMap {
    request(Some(&login.cookie), Some(&login.secret))
}

#[test]
fn a_link_opens_its_run_alone_until_it_is_revoked_or_expires() {
    let auth = auth();
    let expired = Share { expires_s: Some(unix_seconds() - 1), ..share("aaaaaaaaaa", "old") };
    auth.refresh(Vec::new(), vec![share("aaaaaaaaaa", "key"), expired]);
    let by_share = |run: &str, key: &str| auth.login_by_share(run, key, &HeaderMap::new()).unwrap();
    assert_eq!(by_share("bbbbbbbbbb", "key"), Err(Refusal::Unknown));
    assert_eq!(by_share("aaaaaaaaaa", ""), Err(Refusal::Unknown));
    assert_eq!(by_share("aaaaaaaaaa", "old"), Err(Refusal::Expired));
    let (login, _) = by_share("aaaaaaaaaa", "key").unwrap();
    let access = auth.access(&of(&login)).unwrap();
    assert!(access.may_see("aaaaaaaaaa") && !access.may_see("bbbbbbbbbb"));
    assert_eq!(access.role(), Role::Viewer);
    assert!(!access.is_operator());
    // A key of a run's pictures is no link.
    assert_eq!(by_share("aaaaaaaaaa", &auth.view_key("aaaaaaaaaa")), Err(Refusal::Unknown));
    let mut changes = auth.changes();
    changes.mark_unchanged();
    auth.refresh(Vec::new(), vec![Share { revoked_ms: Some(1), ..share("aaaaaaaaaa", "key") }]);
    assert!(changes.has_changed().unwrap(), "whoever is connected is not told");
    assert_eq!(auth.access(&of(&login)), None);
    assert_eq!(by_share("aaaaaaaaaa", "key"), Err(Refusal::Revoked));
}

#[test]
fn an_account_opens_by_its_token_with_the_role_it_has_now() {
    let auth = auth();
    auth.refresh(vec![user("ada", Role::Operator, "of ada")], Vec::new());
    let (login, _, is_once) = auth.login_by_token("of ada", &HeaderMap::new()).unwrap().unwrap();
    assert!(!is_once);
    let ada = |role| Some(Access::Account(Person { name: "ada".to_owned(), role }));
    let program = headers(&[(header::AUTHORIZATION, "Bearer of ada")]);
    assert_eq!((auth.access(&of(&login)), auth.access(&program)), (ada(Role::Operator), ada(Role::Operator)));
    auth.refresh(vec![user("ada", Role::Viewer, "of ada")], Vec::new());
    assert_eq!((auth.access(&of(&login)), auth.access(&program)), (ada(Role::Viewer), ada(Role::Viewer)));
    auth.refresh(vec![user("ada", Role::Admin, "another")], Vec::new());
    assert_eq!((auth.access(&of(&login)), auth.access(&program)), (None, None), "the old token still opens");
    auth.refresh(Vec::new(), Vec::new());
    assert!(auth.login_by_token("another", &HeaderMap::new()).unwrap().is_none());
}

#[test]
fn a_view_key_is_of_one_run_and_one_server() {
    let auth = auth();
    let key = auth.view_key("aaaaaaaaaa");
    assert!(auth.is_view_key("aaaaaaaaaa", &key) && !auth.is_view_key("bbbbbbbbbb", &key));
    assert_ne!(key, Auth::new(7333, "api token", "another secret").view_key("aaaaaaaaaa"));
}

#[test]
fn the_token_for_programs_is_refused_from_browsers() {
    let auth = auth();
    let bearer = (header::AUTHORIZATION, "Bearer api token");
    assert_eq!(auth.access(&headers(std::slice::from_ref(&bearer))), Some(owner()));
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
    assert_eq!(with(&format!("tracedeck-7333={cookie}")), Some(owner()));
}

#[test]
fn a_second_tab_shares_the_cookie_and_a_planted_one_is_not_adopted() {
    let auth = auth();
    let first = login(&auth);
    let token = auth.new_token().unwrap();
    let (second, ..) = auth.login_by_token(&token, &request(Some(&first.cookie), None)).unwrap().unwrap();
    assert_eq!(second.cookie, first.cookie);
    assert_ne!(second.secret, first.secret);
    assert_eq!(auth.access(&request(Some(&first.cookie), Some(&first.secret))), Some(owner()));
    let token = auth.new_token().unwrap();
    let (third, ..) = auth.login_by_token(&token, &request(Some("planted"), None)).unwrap().unwrap();
    assert_ne!(third.cookie, "planted");
}

#[test]
fn logins_are_restored_by_their_hashes_until_they_expire() {
    let (before, after) = (auth(), auth());
    let token = before.new_token().unwrap();
    let (login, stored, _) = before.login_by_token(&token, &HeaderMap::new()).unwrap().unwrap();
    let expired = StoredLogin { expires_s: 1, secret_hash: hash("old"), cookie_hash: hash("c"), grant: Grant::Owner };
    after.restore(vec![stored, expired]);
    assert_eq!(after.access(&request(Some(&login.cookie), Some(&login.secret))), Some(owner()));
    assert_eq!(after.check("c", "old"), None);
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let auth = auth();
    let login = login(&auth);
    assert_eq!(auth.set_cookie(&login), format!("tracedeck-7333={}; HttpOnly; SameSite=Strict; Path=/", login.cookie));
}
