//! Who may do what. A login has two halves, a cookie and a secret that the page holds; neither alone is enough: any
//! local user's server on another port is sent our cookie, and a script of another origin cannot read our page.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::protocol::Role;
use crate::store::logins::Login as StoredLogin;
use crate::store::secrets::{base64url, random_token};

/// How long a one-time token can be used.
pub const TOKEN_LIFE: Duration = Duration::from_secs(600);
/// How long a login lasts.
const LOGIN_LIFE: Duration = Duration::from_secs(12 * 3600);
/// The most logins at once; the oldest goes.
const MAX_LOGINS: usize = 10_000;

/// A hash of a secret: what the server keeps.
pub type Hash = [u8; 32];

/// What a credential allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    Operator,
    /// To look at this one run.
    Viewer { run: String },
}

impl Access {
    pub fn role(&self) -> Role {
        match self {
            Self::Operator => Role::Operator,
            Self::Viewer { .. } => Role::Viewer,
        }
    }

    pub fn may_see(&self, id: &str) -> bool {
        match self {
            Self::Operator => true,
            Self::Viewer { run } => run == id,
        }
    }
}

/// A new login: what the page is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogin {
    pub cookie: String,
    pub secret: String,
    pub access: Access,
}

#[derive(Debug)]
pub struct Auth {
    cookie_name: String,
    api_token: Hash,
    /// What view keys are derived from.
    view_secret: Hash,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    token: Option<(Hash, Instant)>,
    /// By the hash of the secret.
    logins: HashMap<Hash, Login>,
}

#[derive(Debug, Clone)]
struct Login {
    cookie: Hash,
    access: Access,
    expires: Instant,
    /// Wall clock, seconds since 1970: for the store, and to expire also where the machine slept.
    expires_s: i64,
}

impl Auth {
    /// `port` keeps apart the cookies of several servers on one machine. The secrets come from files of the data
    /// directory.
    pub fn new(port: u16, api_token: &str, view_secret: &str) -> Self {
        Self {
            cookie_name: format!("tracedeck-{port}"),
            api_token: hash(api_token),
            view_secret: hash(view_secret),
            inner: Mutex::default(),
        }
    }

    /// Takes over the logins of the server's last life.
    pub fn restore(&self, logins: Vec<StoredLogin>) {
        let (now, now_s) = (Instant::now(), unix_seconds());
        let mut inner = self.lock();
        for stored in logins {
            let Ok(left) = u64::try_from(stored.expires_s - now_s) else { continue };
            let expires = now + Duration::from_secs(left).min(LOGIN_LIFE);
            let access = stored.run.map_or(Access::Operator, |run| Access::Viewer { run });
            let login = Login { cookie: stored.cookie_hash, access, expires, expires_s: stored.expires_s };
            inner.logins.insert(stored.secret_hash, login);
        }
    }

    /// A new one-time token; the one before is not valid any more.
    pub fn new_token(&self) -> std::io::Result<String> {
        let token = random_token()?;
        self.lock().token = Some((hash(&token), Instant::now()));
        Ok(token)
    }

    /// Exchanges a one-time token for a login as operator.
    pub fn login_by_token(&self, token: &str, headers: &HeaderMap) -> std::io::Result<Option<(NewLogin, StoredLogin)>> {
        {
            let mut inner = self.lock();
            let Some((expected, made)) = inner.token else { return Ok(None) };
            if !bool::from(expected.ct_eq(&hash(token))) {
                return Ok(None);
            }
            // Used or expired, it is not good for anything any more.
            inner.token = None;
            if made.elapsed() > TOKEN_LIFE {
                return Ok(None);
            }
        }
        self.login(Access::Operator, headers).map(Some)
    }

    /// Exchanges the view key of a run for a login that may watch it.
    pub fn login_by_view_key(
        &self,
        run: &str,
        key: &str,
        headers: &HeaderMap,
    ) -> std::io::Result<Option<(NewLogin, StoredLogin)>> {
        if !self.is_view_key(run, key) {
            return Ok(None);
        }
        self.login(Access::Viewer { run: run.to_owned() }, headers).map(Some)
    }

    /// What lets others watch a run.
    pub fn view_key(&self, run: &str) -> String {
        let mut digest = Sha256::new();
        digest.update(self.view_secret);
        digest.update(b"view");
        digest.update(run.as_bytes());
        base64url(&digest.finalize())
    }

    pub fn is_view_key(&self, run: &str, key: &str) -> bool {
        self.view_key(run).as_bytes().ct_eq(key.as_bytes()).into()
    }

    /// What the credentials of a request allow; None: nothing.
    pub fn access(&self, headers: &HeaderMap) -> Option<Access> {
        let secret = bearer(headers)?;
        match self.cookie(headers) {
            Some(cookie) => self.check(&cookie, &secret),
            // Browsers send an origin or a cookie of ours; the token for programs must not be taken from them.
            None if headers.contains_key(header::ORIGIN) => None,
            None => bool::from(self.api_token.ct_eq(&hash(&secret))).then_some(Access::Operator),
        }
    }

    /// What both halves allow.
    pub fn check(&self, cookie: &str, secret: &str) -> Option<Access> {
        let mut inner = self.lock();
        let key = hash(secret);
        // Looked up by hash: what the time of the lookup tells about the hash tells nothing about the secret.
        let login = inner.logins.get(&key)?.clone();
        if login.expires <= Instant::now() || login.expires_s <= unix_seconds() {
            inner.logins.remove(&key);
            return None;
        }
        bool::from(login.cookie.ct_eq(&hash(cookie))).then_some(login.access)
    }

    /// Our cookie, if the request has exactly one.
    pub fn cookie(&self, headers: &HeaderMap) -> Option<String> {
        let mut found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie_name)
            .map(|(_, value)| value.to_owned());
        let cookie = found.next()?;
        found.next().is_none().then_some(cookie)
    }

    /// The header that gives the page its cookie.
    pub fn set_cookie(&self, login: &NewLogin) -> String {
        format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie_name, login.cookie)
    }

    fn login(&self, access: Access, headers: &HeaderMap) -> std::io::Result<(NewLogin, StoredLogin)> {
        let secret = random_token()?;
        let mut inner = self.lock();
        // Another tab of this browser may be logged in: a new cookie would put it out. Only a cookie that was given
        // out is kept, so nobody can be made to log in with one that somebody else chose.
        let known = self.cookie(headers).filter(|cookie| {
            let cookie = hash(cookie);
            inner.logins.values().any(|login| login.cookie == cookie && login.expires > Instant::now())
        });
        let cookie = match known {
            Some(cookie) => cookie,
            None => random_token()?,
        };
        let expires_s = unix_seconds() + LOGIN_LIFE.as_secs() as i64;
        let login =
            Login { cookie: hash(&cookie), access: access.clone(), expires: Instant::now() + LOGIN_LIFE, expires_s };
        if inner.logins.len() >= MAX_LOGINS
            && let Some(oldest) = inner.logins.iter().min_by_key(|(_, login)| login.expires).map(|(key, _)| *key)
        {
            inner.logins.remove(&oldest);
        }
        let run = match &access {
            Access::Operator => None,
            Access::Viewer { run } => Some(run.clone()),
        };
        let stored = StoredLogin { secret_hash: hash(&secret), cookie_hash: login.cookie, run, expires_s };
        inner.logins.insert(hash(&secret), login);
        Ok((NewLogin { cookie, secret, access }, stored))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token of `Authorization: Bearer TOKEN`, if there is exactly one.
pub fn bearer(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    value.strip_prefix("Bearer ").map(str::to_owned)
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

fn unix_seconds() -> i64 {
    super::view::unix_ms_now() / 1000
}

#[cfg(test)]
mod tests;
