//! Who calls, and whether they may: bearer keys with roles.

use super::body;
use super::problem::{ApiError, Kind};
use crate::ledger::api_keys::{self, ApiKey, Role};
use crate::ledger::{LedgerError, Pool};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// How long a key is believed without asking again: a revoked key ends within this.
const BELIEVED: Duration = Duration::from_secs(5);
/// How long after it was last asked about a key is believed while PostgreSQL is away: gateways report
/// on meanwhile. A key that was revoked just before may be used that long.
const BELIEVED_WHILE_AWAY: Duration = Duration::from_hours(1);
/// Keys remembered at a time.
const REMEMBERED: u64 = 10_000;

/// Decides who a bearer key is.
#[derive(Clone)]
pub(super) enum Authority {
    /// The ledger's keys.
    Ledger(KeyRing),
    /// One key, shared by the processes of a deployment; it may read reports and see to the
    /// quarantine. None: anyone may read reports.
    Shared(Option<String>),
}

/// The ledger's keys, remembered for a moment.
#[derive(Clone)]
pub(super) struct KeyRing {
    pool: Pool,
    /// Only keys that exist: remembering guesses would let a guesser fill it.
    known: Cache<[u8; 32], Arc<ApiKey>>,
    /// The same, for when the ledger cannot be asked.
    fallback: Cache<[u8; 32], Arc<ApiKey>>,
}

impl KeyRing {
    /// A key ring that asks the pool.
    pub(super) fn new(pool: Pool) -> Self {
        let remember = |time: Duration| {
            let cache = Cache::builder().max_capacity(REMEMBERED);
            cache.time_to_live(time).build()
        };
        Self {
            pool,
            known: remember(BELIEVED),
            fallback: remember(BELIEVED_WHILE_AWAY),
        }
    }

    /// Believes a key without a ledger, for a moment.
    #[cfg(test)]
    pub(super) fn remember(&self, secret: &str, key: ApiKey) {
        self.known.insert(api_keys::hash(secret), Arc::new(key));
    }

    async fn find(&self, secret: &str) -> Result<Option<Arc<ApiKey>>, ApiError> {
        let hash = api_keys::hash(secret);
        if let Some(key) = self.known.get(&hash) {
            return Ok(Some(key));
        }
        let find = move |conn: &mut _| api_keys::find(conn, &hash);
        let found = match self.pool.run("api_key", find).await {
            Err(error @ LedgerError::Unavailable(_)) => {
                return match self.fallback.get(&hash) {
                    Some(key) => Ok(Some(key)),
                    None => Err(error.into()),
                };
            }
            found => found?.map(Arc::new),
        };
        match &found {
            Some(key) => {
                self.known.insert(hash, key.clone());
                self.fallback.insert(hash, key.clone());
            }
            None => self.fallback.invalidate(&hash),
        }
        Ok(found)
    }
}

/// The caller, once known and allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The key's id; nil for the shared key.
    pub(super) key_id: Uuid,
}

/// A role as a type, so that a handler's signature says what it needs.
pub(super) trait Needs: 'static {
    /// The role.
    const ROLE: Role;
    /// Its name.
    const NAME: &'static str;
}

/// Needs the role `campaign`.
pub(super) struct Campaign;
/// Needs the role `gateway`.
pub(super) struct Gateway;
/// Needs the role `report`.
pub(super) struct Report;
/// Needs the role `admin`.
pub(super) struct Admin;

impl Needs for Campaign {
    const ROLE: Role = Role::Campaign;
    const NAME: &'static str = "campaign";
}
impl Needs for Gateway {
    const ROLE: Role = Role::Gateway;
    const NAME: &'static str = "gateway";
}
impl Needs for Report {
    const ROLE: Role = Role::Report;
    const NAME: &'static str = "report";
}
impl Needs for Admin {
    const ROLE: Role = Role::Admin;
    const NAME: &'static str = "admin";
}

/// A call by someone with role `R`. What the request holds (`T`) is read only after the caller is
/// known: nobody else gets a body parsed.
pub(super) struct Call<R, T> {
    /// Who.
    pub(super) caller: Caller,
    /// What.
    pub(super) input: T,
    role: PhantomData<R>,
}

impl<R: Needs, T: FromRequest + 'static> FromRequest for Call<R, T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let caller = match authenticate::<R>(&request).await {
                Ok(caller) => caller,
                Err(error) => {
                    body::discard(payload).await;
                    return Err(error.into());
                }
            };
            let input = T::from_request(&request, &mut payload).await;
            Ok(Self {
                caller,
                input: input.map_err(Into::into)?,
                role: PhantomData,
            })
        })
    }
}

async fn authenticate<R: Needs>(request: &HttpRequest) -> Result<Caller, ApiError> {
    let authority = request
        .app_data::<web::Data<Authority>>()
        .ok_or_else(|| ApiError::internal(anyhow::anyhow!("no authority is configured")))?;
    match authority.get_ref() {
        Authority::Ledger(keys) => {
            let key = keys.find(bearer(request)?).await?.ok_or_else(unknown_key)?;
            if key.allows(R::ROLE) {
                Ok(Caller { key_id: key.id })
            } else {
                let detail = format!("this needs a key with the role {}", R::NAME);
                Err(ApiError::new(Kind::Forbidden, detail))
            }
        }
        Authority::Shared(None) if R::ROLE == Role::Report => Ok(Caller {
            key_id: Uuid::nil(),
        }),
        Authority::Shared(None) => {
            let detail = "this needs a key, and the loader has none: set loader.key";
            Err(ApiError::new(Kind::Forbidden, detail))
        }
        Authority::Shared(Some(secret)) => {
            let (came, secret) = (Sha256::digest(bearer(request)?), Sha256::digest(secret));
            let same: bool = came.as_slice().ct_eq(secret.as_slice()).into();
            if same && matches!(R::ROLE, Role::Report | Role::Admin) {
                Ok(Caller {
                    key_id: Uuid::nil(),
                })
            } else {
                Err(unknown_key())
            }
        }
    }
}

fn unknown_key() -> ApiError {
    let challenge = "Bearer realm=\"textrail\", error=\"invalid_token\"";
    ApiError::unauthenticated("the API key is not known, or was revoked", challenge)
}

/// The key of `Authorization: Bearer …` (RFC 6750, 2.1); the scheme's case does not matter.
fn bearer(request: &HttpRequest) -> Result<&str, ApiError> {
    let challenge = "Bearer realm=\"textrail\"";
    let missing =
        || ApiError::unauthenticated("send an API key as Authorization: Bearer <key>", challenge);
    let value = request
        .headers()
        .get(header::AUTHORIZATION)
        .ok_or_else(missing)?;
    let value = value.to_str().map_err(|_| missing())?;
    let (scheme, key) = value.trim().split_once(' ').ok_or_else(missing)?;
    let key = key.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() {
        Ok(key)
    } else {
        Err(missing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(value: &'static str) -> Option<String> {
        let request = TestRequest::default()
            .insert_header((header::AUTHORIZATION, value))
            .to_http_request();
        bearer(&request).ok().map(str::to_owned)
    }

    #[test]
    fn bearer_keys_are_read() {
        assert_eq!(read("Bearer trk_1").as_deref(), Some("trk_1"));
        assert_eq!(read("bearer  trk_1 ").as_deref(), Some("trk_1"));
        for none in ["", "Bearer", "Bearer ", "Basic dXNlcg==", "trk_1"] {
            assert_eq!(read(none), None, "{none}");
        }
        assert!(bearer(&TestRequest::default().to_http_request()).is_err());
    }

    #[actix_web::test]
    async fn a_shared_key_reads_reports_and_sees_to_the_quarantine_and_nothing_else() {
        let request = |key: &str| {
            TestRequest::default()
                .insert_header((header::AUTHORIZATION, format!("Bearer {key}")))
                .app_data(web::Data::new(Authority::Shared(Some("s3cret".to_owned()))))
                .to_http_request()
        };
        assert!(authenticate::<Report>(&request("s3cret")).await.is_ok());
        assert!(authenticate::<Report>(&request("guess")).await.is_err());
        assert!(authenticate::<Admin>(&request("s3cret")).await.is_ok());
        assert!(authenticate::<Campaign>(&request("s3cret")).await.is_err());
    }

    #[actix_web::test]
    async fn without_a_shared_key_anyone_reads_reports_and_nobody_does_more() {
        let request = TestRequest::default()
            .app_data(web::Data::new(Authority::Shared(None)))
            .to_http_request();
        assert!(authenticate::<Report>(&request).await.is_ok());
        assert!(authenticate::<Admin>(&request).await.is_err());
    }
}
