//! API keys: hashed, with roles.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Campaigns, messages, submissions.
    Campaign,
    /// Receipts and inbound messages.
    Gateway,
    /// Reports.
    Report,
    /// Everything.
    Admin,
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

/// The hash under which a presented key is looked up.
pub fn hash(secret: &str) -> [u8; 32] {
    let _ = secret;
    todo!()
}

/// Makes a key; the secret is returned once and stored nowhere.
pub fn create(
    conn: &mut PgConnection,
    name: &str,
    roles: &[Role],
) -> QueryResult<(ApiKey, String)> {
    let _ = (conn, name, roles);
    todo!()
}

/// The key of a hash, unless revoked.
pub fn find(conn: &mut PgConnection, key_hash: &[u8; 32]) -> QueryResult<Option<ApiKey>> {
    let _ = (conn, key_hash);
    todo!()
}

/// All keys, newest last.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<ApiKey>> {
    let _ = conn;
    todo!()
}

/// Refuses a key from now on; false if there is none.
pub fn revoke(conn: &mut PgConnection, id: Uuid) -> QueryResult<bool> {
    let _ = (conn, id);
    todo!()
}
