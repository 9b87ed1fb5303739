//! One conversation with the mail server, or a folder instead of it. Step by step, because it matters how far it came:
//! before the text is handed over nothing has been sent, after that only an answer tells.

use std::{path::PathBuf, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail as MailCommand, Rcpt, Rset},
        extension::{ClientId, Extension, MailParameter},
    },
};

use super::message::Mail;
use crate::{
    commands::notices::Outcome,
    settings::{PostSettings, Security, Way},
};

/// How long one step of the conversation may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the server may take to think about a whole mail (RFC 5321 asks for patience here).
const LONG_PATIENCE: Duration = Duration::from_secs(120);

/// An open way out.
pub(super) enum Line {
    Server { connection: Box<AsyncSmtpConnection>, from: Address, broken: bool },
    Folder(PathBuf),
}

/// What a server said, without its words: they name the address.
fn code(error: &SmtpError) -> String {
    match error.status() {
        Some(code) => code.to_string(),
        None => "no answer".to_owned(),
    }
}

/// A step before the text: whatever goes wrong, nothing was sent.
fn put_off(error: &SmtpError) -> Outcome {
    if error.is_permanent() { Outcome::Refused(code(error)) } else { Outcome::PutOff(code(error)) }
}

/// What is refused before or after the address is the house's own trouble, which somebody will mend.
fn not_their_fault(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Refused(code) => Outcome::PutOff(code),
        other => other,
    }
}

async fn in_time<T>(step: impl Future<Output = Result<T, SmtpError>>) -> Result<T, Outcome> {
    match tokio::time::timeout(PATIENCE, step).await {
        Ok(answer) => answer.map_err(|error| put_off(&error)),
        Err(_) => Err(Outcome::PutOff("no answer".to_owned())),
    }
}

impl Line {
    /// Connects and signs in. The answer says what is wrong, without naming anybody.
    pub(super) async fn open(settings: &PostSettings) -> Result<Self, String> {
        match &settings.way {
            Way::Folder(folder) => {
                tokio::fs::create_dir_all(folder).await.map_err(|error| error.to_string())?;
                Ok(Self::Folder(folder.clone()))
            }
            Way::Server { host, port, security, sign_in, authority } => {
                let dial = connect(host, *port, *security, sign_in.as_ref(), authority.as_ref());
                let connection = match tokio::time::timeout(PATIENCE, dial).await {
                    Ok(connection) => connection.map_err(|error| error.to_string())?,
                    Err(_) => return Err("no answer".to_owned()),
                };
                Ok(Self::Server { connection: Box::new(connection), from: settings.from.email.clone(), broken: false })
            }
        }
    }

    /// Hands one mail over.
    pub(super) async fn send(&mut self, mail: &Mail) -> Outcome {
        match self {
            Self::Folder(folder) => {
                let written = tokio::fs::write(folder.join(&mail.file), &mail.bytes).await;
                written.map_or_else(|error| Outcome::PutOff(error.kind().to_string()), |()| Outcome::Sent)
            }
            Self::Server { connection, from, broken } => {
                if let Err(outcome) = offer(connection, from, &mail.to).await {
                    // The server still listens after a refusal; after silence or nonsense nothing is certain.
                    let answered =
                        matches!(&outcome, Outcome::Refused(code) | Outcome::PutOff(code) if code != "no answer");
                    *broken = !answered || in_time(connection.command(Rset)).await.is_err();
                    return outcome;
                }
                match tokio::time::timeout(LONG_PATIENCE, connection.message(&mail.bytes)).await {
                    Ok(Ok(_)) => Outcome::Sent,
                    Ok(Err(error)) if error.status().is_some() => put_off(&error),
                    Ok(Err(_)) | Err(_) => {
                        *broken = true;
                        Outcome::Unknown
                    }
                }
            }
        }
    }

    pub(super) const fn is_broken(&self) -> bool {
        matches!(self, Self::Server { broken: true, .. })
    }

    pub(super) async fn close(self) {
        if let Self::Server { mut connection, broken: false, .. } = self {
            // Whoever hangs up first, all that was sent is sent.
            let _ = tokio::time::timeout(PATIENCE, connection.quit()).await;
        }
    }
}

async fn connect(
    host: &str,
    port: u16,
    security: Security,
    sign_in: Option<&(String, String)>,
    authority: Option<&Certificate>,
) -> Result<AsyncSmtpConnection, SmtpError> {
    let hello = ClientId::default();
    let tls = || {
        let trusted = TlsParameters::builder(host.to_owned());
        match authority {
            Some(authority) => trusted.add_root_certificate(authority.clone()).build(),
            None => trusted.build(),
        }
    };
    let wrapped = if security == Security::Tls { Some(tls()?) } else { None };
    let mut connection =
        AsyncSmtpConnection::connect_tokio1((host, port), Some(PATIENCE), &hello, wrapped, None).await?;
    if security == Security::StartTls {
        connection.starttls(tls()?, &hello).await?;
    }
    if let Some((user, password)) = sign_in {
        connection.auth(DEFAULT_MECHANISMS, &Credentials::new(user.clone(), password.clone())).await?;
    }
    Ok(connection)
}

/// Everything up to the text.
async fn offer(connection: &mut AsyncSmtpConnection, from: &Address, to: &Address) -> Result<(), Outcome> {
    let mut options = Vec::new();
    if !AsRef::<str>::as_ref(to).is_ascii() {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Outcome::Refused("the mail server takes no such address".to_owned()));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    in_time(connection.command(MailCommand::new(Some(from.clone()), options))).await.map_err(not_their_fault)?;
    in_time(connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
    in_time(connection.command(Data)).await.map_err(not_their_fault)?;
    Ok(())
}
