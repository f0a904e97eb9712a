//! Who may do what. A login has two halves, a cookie and a secret that the page holds; neither alone is enough: any
//! local user's server on another port is sent our cookie, and a script of another origin cannot read our page.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use super::protocol::Role;
use crate::store::logins::{Grant, Login as StoredLogin};
use crate::store::secrets::{base64url, random_token};
use crate::store::shares::{Share, Standing};
use crate::store::users::{User, hash};

/// How long a one-time token can be used.
pub const TOKEN_LIFE: Duration = Duration::from_secs(600);
/// How long a login lasts.
const LOGIN_LIFE: Duration = Duration::from_secs(12 * 3600);
/// The most logins at once; the oldest goes.
const MAX_LOGINS: usize = 10_000;
/// Who opened the server's own address, or shows the token of its file.
pub const OWNER: &str = "root";

/// A hash of a secret: what the server keeps.
pub type Hash = [u8; 32];

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub role: Role,
}

/// What a credential allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    Account(Person),
    /// To look at the run of this link.
    Link {
        share: String,
        run: String,
    },
}

impl Access {
    pub fn role(&self) -> Role {
        match self {
            Self::Account(person) => person.role,
            Self::Link { .. } => Role::Viewer,
        }
    }

    pub fn may_see(&self, id: &str) -> bool {
        match self {
            Self::Account(_) => true,
            Self::Link { run, .. } => run == id,
        }
    }

    /// As the audit and other watchers read it.
    pub fn name(&self) -> &str {
        match self {
            Self::Account(person) => &person.name,
            Self::Link { .. } => "guest",
        }
    }

    /// Whether it is somebody who may run scripts, and sees what is for such people alone.
    pub fn is_operator(&self) -> bool {
        matches!(self, Self::Account(person) if person.role >= Role::Operator)
    }
}

/// How a login was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is known of it.
    Unknown,
    Expired,
    Revoked,
}

/// What a request or a connection showed, to be looked up again later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    ApiToken,
    /// An account's token, by its hash.
    Token(Hash),
    /// A login, by the hash of its secret.
    Login(Hash),
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
    /// Counts changes of accounts and links: whoever is connected is looked up again.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    token: Option<(Hash, Instant)>,
    users: Vec<User>,
    /// By id.
    shares: HashMap<String, Share>,
    /// By the hash of the secret.
    logins: HashMap<Hash, Login>,
}

#[derive(Debug, Clone)]
struct Login {
    cookie: Hash,
    grant: Grant,
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
            changed: watch::Sender::new(0),
        }
    }

    /// Takes over the logins of the server's last life.
    pub fn restore(&self, logins: Vec<StoredLogin>) {
        let (now, now_s) = (Instant::now(), unix_seconds());
        let mut inner = self.lock();
        for stored in logins {
            let Ok(left) = u64::try_from(stored.expires_s - now_s) else { continue };
            let expires = now + Duration::from_secs(left).min(LOGIN_LIFE);
            let login = Login { cookie: stored.cookie_hash, grant: stored.grant, expires, expires_s: stored.expires_s };
            inner.logins.insert(stored.secret_hash, login);
        }
    }

    /// Takes over the accounts and links that the store has now. Whoever lost a right is out before this returns.
    pub fn refresh(&self, users: Vec<User>, shares: Vec<Share>) {
        let shares: HashMap<String, Share> = shares.into_iter().map(|share| (share.id.clone(), share)).collect();
        {
            let mut inner = self.lock();
            let now_s = unix_seconds();
            let has_expired = inner.shares.values().any(|share| {
                share.standing(now_s) == Standing::Expired && share.expires_s.is_some_and(|end| end > now_s - 5)
            });
            if inner.users == users && inner.shares == shares && !has_expired {
                return;
            }
            let before = std::mem::replace(&mut inner.users, users);
            inner.shares = shares;
            let Inner { users, shares, logins, .. } = &mut *inner;
            // A new token means that the old one, and all it opened, is not trusted any more.
            let token_of =
                |users: &[User], name: &str| users.iter().find(|user| user.name == name).map(|user| user.token_hash);
            logins.retain(|_, login| match &login.grant {
                Grant::User(name) => {
                    token_of(&before, name).is_none() || token_of(&before, name) == token_of(users, name)
                }
                grant => resolve(users, shares, grant).is_some(),
            });
        }
        self.changed.send_modify(|count| *count += 1);
    }

    /// Tells of changes of accounts and links.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// A new one-time token; the one before is not valid any more.
    pub fn new_token(&self) -> std::io::Result<String> {
        let token = random_token()?;
        self.lock().token = Some((hash(&token), Instant::now()));
        Ok(token)
    }

    /// Exchanges the one-time token, or the token of an account, for a login. True: the one-time token was used.
    pub fn login_by_token(
        &self,
        token: &str,
        headers: &HeaderMap,
    ) -> std::io::Result<Option<(NewLogin, StoredLogin, bool)>> {
        let token = hash(token);
        let (grant, is_once) = {
            let mut inner = self.lock();
            match inner.token {
                Some((expected, made)) if bool::from(expected.ct_eq(&token)) => {
                    // Used or expired, it is not good for anything any more.
                    inner.token = None;
                    if made.elapsed() > TOKEN_LIFE {
                        return Ok(None);
                    }
                    (Grant::Owner, true)
                }
                _ => match inner.users.iter().find(|user| bool::from(user.token_hash.ct_eq(&token))) {
                    Some(user) => (Grant::User(user.name.clone()), false),
                    None => return Ok(None),
                },
            }
        };
        Ok(self.login(grant, headers)?.map(|(login, stored)| (login, stored, is_once)))
    }

    /// Exchanges the key of a link to a run for a login that may watch it.
    pub fn login_by_share(
        &self,
        run: &str,
        key: &str,
        headers: &HeaderMap,
    ) -> std::io::Result<Result<(NewLogin, StoredLogin), Refusal>> {
        let grant = match self.share_of(run, key) {
            Ok(id) => Grant::Share(id),
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(self.login(grant, headers)?.ok_or(Refusal::Unknown))
    }

    /// The share whose key this is, if it shows this run.
    fn share_of(&self, run: &str, key: &str) -> Result<String, Refusal> {
        let key = hash(key);
        let inner = self.lock();
        let found = inner.shares.values().find(|share| bool::from(share.key_hash.ct_eq(&key)) && share.run == run);
        let share = found.ok_or(Refusal::Unknown)?;
        match share.standing(unix_seconds()) {
            Standing::Open => Ok(share.id.clone()),
            Standing::Expired => Err(Refusal::Expired),
            Standing::Revoked => Err(Refusal::Revoked),
        }
    }

    /// Whether this is the key of an open link to this run.
    pub fn is_share_key(&self, run: &str, key: &str) -> bool {
        self.share_of(run, key).is_ok()
    }

    /// What opens the flame graphs of a run in a tab of their own, for those who may run scripts.
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
        self.resolve(&self.credential(headers)?)
    }

    /// The credentials of a request, if they are good.
    pub fn credential(&self, headers: &HeaderMap) -> Option<Credential> {
        let secret = bearer(headers)?;
        match self.cookie(headers) {
            Some(cookie) => self.check(&cookie, &secret),
            // Browsers send an origin or a cookie of ours; a token for programs must not be taken from them.
            None if headers.contains_key(header::ORIGIN) => None,
            None => {
                let token = hash(&secret);
                if bool::from(self.api_token.ct_eq(&token)) {
                    return Some(Credential::ApiToken);
                }
                let credential = Credential::Token(token);
                self.resolve(&credential).map(|_| credential)
            }
        }
    }

    /// The login of which both halves are shown.
    pub fn check(&self, cookie: &str, secret: &str) -> Option<Credential> {
        let key = hash(secret);
        {
            let inner = self.lock();
            // Looked up by hash: what the time of the lookup tells about the hash tells nothing about the secret.
            let login = inner.logins.get(&key)?;
            if !bool::from(login.cookie.ct_eq(&hash(cookie))) {
                return None;
            }
        }
        let credential = Credential::Login(key);
        self.resolve(&credential).map(|_| credential)
    }

    /// What a credential allows at this moment.
    pub fn resolve(&self, credential: &Credential) -> Option<Access> {
        let mut inner = self.lock();
        match credential {
            Credential::ApiToken => Some(owner()),
            Credential::Token(token) => {
                let user = inner.users.iter().find(|user| bool::from(user.token_hash.ct_eq(token)))?;
                Some(Access::Account(Person { name: user.name.clone(), role: user.role }))
            }
            Credential::Login(key) => {
                let login = inner.logins.get(key)?;
                if login.expires <= Instant::now() || login.expires_s <= unix_seconds() {
                    inner.logins.remove(key);
                    return None;
                }
                resolve(&inner.users, &inner.shares, &login.grant)
            }
        }
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

    /// None: the right ended meanwhile.
    fn login(&self, grant: Grant, headers: &HeaderMap) -> std::io::Result<Option<(NewLogin, StoredLogin)>> {
        let secret = random_token()?;
        let mut inner = self.lock();
        let Some(access) = resolve(&inner.users, &inner.shares, &grant) else { return Ok(None) };
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
        let expires = Instant::now() + LOGIN_LIFE;
        let login = Login { cookie: hash(&cookie), grant: grant.clone(), expires, expires_s };
        if inner.logins.len() >= MAX_LOGINS
            && let Some(oldest) = inner.logins.iter().min_by_key(|(_, login)| login.expires).map(|(key, _)| *key)
        {
            inner.logins.remove(&oldest);
        }
        let stored = StoredLogin { secret_hash: hash(&secret), cookie_hash: login.cookie, grant, expires_s };
        inner.logins.insert(hash(&secret), login);
        Ok(Some((NewLogin { cookie, secret, access }, stored)))
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

fn owner() -> Access {
    Access::Account(Person { name: OWNER.to_owned(), role: Role::Admin })
}

/// What a login may do with the accounts and links as they are now.
fn resolve(users: &[User], shares: &HashMap<String, Share>, grant: &Grant) -> Option<Access> {
    match grant {
        Grant::Owner => Some(owner()),
        Grant::User(name) => {
            let user = users.iter().find(|user| user.name == *name)?;
            Some(Access::Account(Person { name: user.name.clone(), role: user.role }))
        }
        Grant::Share(id) => {
            let share = shares.get(id).filter(|share| share.standing(unix_seconds()) == Standing::Open)?;
            Some(Access::Link { share: share.id.clone(), run: share.run.clone() })
        }
    }
}

fn unix_seconds() -> i64 {
    super::view::unix_ms_now() / 1000
}

#[cfg(test)]
mod tests;
