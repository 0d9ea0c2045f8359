//! TLS for connections outside of the pool, with libpq's meaning of `sslmode` and `sslrootcert`.
//!
//! The pool connects through libpq, the [`session`](super::session)s do not: both read one
//! `DATABASE_URL`, so what libpq knows and the other client does not is taken out of it here.

use anyhow::{Context as _, bail};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

/// Options of libpq that change nothing here and that the other client does not know.
const IGNORED: [&str; 4] = ["gssencmode", "sslcompression", "sslsni", "client_encoding"];

/// How far a server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Not at all: the line is encrypted, but who is at its other end is not known.
    Nothing,
    /// It is signed by a known authority.
    Authority,
    /// And it is made out for the server's name.
    AuthorityAndName,
}

/// Where the known authorities come from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Roots {
    File(PathBuf),
    /// `sslrootcert=system`.
    System,
}

/// A `DATABASE_URL`, parted into what the client understands and what TLS is to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The URL for the client.
    pub(super) url: String,
    check: Check,
    roots: Option<Roots>,
}

impl Target {
    /// Reads a `DATABASE_URL`. A `key=value` string is left as it is.
    pub(super) fn parse(database_url: &str) -> anyhow::Result<Self> {
        let (base, query) = database_url.split_once('?').unwrap_or((database_url, ""));
        let mut mode = std::env::var("PGSSLMODE").unwrap_or_else(|_| "prefer".into());
        let mut root_file = std::env::var("PGSSLROOTCERT").ok();
        let mut kept = form_urlencoded::Serializer::new(String::new());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "sslmode" => mode = value.into_owned(),
                "sslrootcert" => root_file = Some(value.into_owned()),
                "sslcert" | "sslkey" | "sslcrl" | "sslcrldir" | "sslpassword" => {
                    bail!("DATABASE_URL: {key} is not supported")
                }
                key if IGNORED.contains(&key) => {}
                key => {
                    kept.append_pair(key, &value);
                }
            }
        }
        let roots = root_file.filter(|file| !file.is_empty()).map(roots);
        let (client_mode, check) = meaning(&mode, roots.is_some())?;
        if base.contains("://") {
            kept.append_pair("sslmode", client_mode);
        }
        // The client decodes %20, but takes a plus for itself.
        let kept = kept.finish().replace('+', "%20");
        let question = if kept.is_empty() { "" } else { "?" };
        Ok(Self {
            url: format!("{base}{question}{kept}"),
            check,
            roots,
        })
    }

    /// Makes the connector that a connection to this target uses.
    pub(super) fn connector(&self) -> anyhow::Result<MakeRustlsConnect> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .dangerous();
        let verifier: Arc<dyn ServerCertVerifier> = match self.check {
            Check::Nothing => Arc::new(AnyCertificate(provider)),
            Check::Authority => Arc::new(AnyName(self.authorities(provider)?)),
            Check::AuthorityAndName => self.authorities(provider)?,
        };
        Ok(MakeRustlsConnect::new(
            builder
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth(),
        ))
    }

    fn authorities(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> anyhow::Result<Arc<WebPkiServerVerifier>> {
        let mut store = RootCertStore::empty();
        match &self.roots {
            Some(Roots::System) => {
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Some(Roots::File(path)) => {
                let name = path.display();
                for certificate in CertificateDer::pem_file_iter(path)
                    .with_context(|| format!("sslrootcert: cannot read {name}"))?
                {
                    let certificate =
                        certificate.with_context(|| format!("sslrootcert: {name} is no PEM"))?;
                    store.add(certificate)?;
                }
            }
            None => bail!(
                "DATABASE_URL: sslmode verify-ca and verify-full need sslrootcert: a PEM file, or `system`"
            ),
        }
        WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
            .build()
            .context("sslrootcert holds no certificate")
    }
}

/// The client's own mode, and how far the certificate is checked.
fn meaning(mode: &str, has_roots: bool) -> anyhow::Result<(&'static str, Check)> {
    Ok(match mode {
        "disable" => ("disable", Check::Nothing),
        // libpq's `allow` tries without TLS first. Both take what the server wants, unchecked.
        "allow" | "prefer" => ("prefer", Check::Nothing),
        // As in libpq: a root certificate turns `require` into `verify-ca`.
        "require" if has_roots => ("require", Check::Authority),
        "require" => ("require", Check::Nothing),
        "verify-ca" => ("require", Check::Authority),
        "verify-full" => ("require", Check::AuthorityAndName),
        other => bail!("DATABASE_URL: sslmode {other:?} is not known"),
    })
}

fn roots(name: String) -> Roots {
    match name.as_str() {
        "system" => Roots::System,
        _ => Roots::File(name.into()),
    }
}

/// Takes any certificate, as `sslmode=require` does; the handshake's signatures are still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Takes a certificate of a known authority for whatever name, as `sslmode=verify-ca` does.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verdict {
            // The name is looked at last, after the chain, the dates and the usage.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> (String, Check) {
        let target = Target::parse(url).unwrap();
        (target.url, target.check)
    }

    #[test]
    fn modes_mean_what_they_mean_to_libpq() {
        for (query, client_mode, check) in [
            ("", "prefer", Check::Nothing),
            ("?sslmode=disable", "disable", Check::Nothing),
            ("?sslmode=allow", "prefer", Check::Nothing),
            ("?sslmode=require", "require", Check::Nothing),
            (
                "?sslmode=require&sslrootcert=/ca.pem",
                "require",
                Check::Authority,
            ),
            (
                "?sslmode=verify-ca&sslrootcert=/ca.pem",
                "require",
                Check::Authority,
            ),
            (
                "?sslmode=verify-full&sslrootcert=system",
                "require",
                Check::AuthorityAndName,
            ),
        ] {
            let expected = format!("postgres://a@b/c?sslmode={client_mode}");
            assert_eq!(
                parsed(&format!("postgres://a@b/c{query}")),
                (expected, check),
                "{query}"
            );
        }
    }

    #[test]
    fn other_options_are_kept() {
        let (url, _) = parsed("postgres://a@b,c:2/d?options=-c%20jit%3Doff&gssencmode=disable");
        assert_eq!(
            url,
            "postgres://a@b,c:2/d?options=-c%20jit%3Doff&sslmode=prefer"
        );
    }

    #[test]
    fn what_cannot_be_kept_is_told() {
        for url in [
            "postgres://a@b/c?sslcert=/x.pem",
            "postgres://a@b/c?sslmode=maybe",
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.starts_with("DATABASE_URL: ssl"), "{error}");
        }
        let unverifiable = Target::parse("postgres://a@b/c?sslmode=verify-full").unwrap();
        assert!(unverifiable.connector().is_err());
    }

    #[test]
    fn the_systems_authorities_make_a_connector() {
        let url = "postgres://a@b/c?sslmode=verify-full&sslrootcert=system";
        assert!(Target::parse(url).unwrap().connector().is_ok());
    }
}
