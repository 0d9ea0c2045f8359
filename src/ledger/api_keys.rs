//! API keys: hashed, with roles.

use super::schema::api_keys;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use rand::RngCore;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Campaigns, messages, submissions, opt-outs, verdicts on inbound messages.
    Campaign,
    /// Receipts and inbound messages, handed in.
    Gateway,
    /// Reports.
    Report,
    /// Everything; the quarantine is for admins alone.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Campaign, Self::Gateway, Self::Report, Self::Admin];

    /// `campaign`, `gateway`, `report`, `admin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Gateway => "gateway",
            Self::Report => "report",
            Self::Admin => "admin",
        }
    }

    /// The role of such a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// What the operator called it.
    pub name: String,
    /// Its first characters.
    pub key_prefix: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether it may do what `role` may; an admin may all.
    pub fn allows(&self, role: Role) -> bool {
        self.roles.contains(&Role::Admin) || self.roles.contains(&role)
    }
}

/// The hash under which a presented key is looked up. Keys hold 256 random bits, so neither a slow
/// hash nor a constant-time comparison would add anything: the database compares hashes.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Makes a key; the secret is returned once and stored nowhere.
///
/// # Errors
/// What PostgreSQL says.
pub fn create(
    conn: &mut PgConnection,
    name: &str,
    roles: &[Role],
) -> QueryResult<(ApiKey, String)> {
    let mut random = [0; 32];
    rand::rng().fill_bytes(&mut random);
    let secret = format!("trk_{}", hex::encode(random));
    let row: Row = diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(Uuid::now_v7()),
            api_keys::name.eq(name),
            api_keys::key_hash.eq(hash(&secret).as_slice()),
            api_keys::key_prefix.eq(&secret[..12]),
            api_keys::roles.eq(roles.iter().map(|role| role.as_str()).collect::<Vec<_>>()),
        ))
        .returning(Row::as_returning())
        .get_result(conn)?;
    Ok((row.into(), secret))
}

/// The key of a hash, unless revoked.
///
/// # Errors
/// What PostgreSQL says.
pub fn find(conn: &mut PgConnection, key_hash: &[u8; 32]) -> QueryResult<Option<ApiKey>> {
    let row = api_keys::table
        .filter(api_keys::key_hash.eq(key_hash.as_slice()))
        .filter(api_keys::revoked_at.is_null())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(Into::into))
}

/// All keys, newest last.
///
/// # Errors
/// What PostgreSQL says.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<ApiKey>> {
    let rows = api_keys::table
        .order(api_keys::id)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Refuses a key from now on; false if there is none that is still valid. Servers remember keys for
/// a few seconds, so it takes that long everywhere.
///
/// # Errors
/// What PostgreSQL says.
pub fn revoke(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    let changed = diesel::update(api_keys::table.find(id))
        .filter(api_keys::revoked_at.is_null())
        .set(api_keys::revoked_at.eq(diesel::dsl::now))
        .execute(conn)?;
    Ok(changed == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    name: String,
    key_prefix: String,
    roles: Vec<Option<String>>,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            key_prefix: row.key_prefix,
            roles: row
                .roles
                .iter()
                .flatten()
                .filter_map(|name| Role::parse(name))
                .collect(),
            created_at: row.created_at,
            revoked_at: row.revoked_at,
        }
    }
}
