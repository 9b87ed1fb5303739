//! `sky house check|load`: the house file, read by every service for its own part. First all check,
//! then all apply: a file with an error changes nothing.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use data_encoding::BASE64;
use kernel::{Settings, Transport};
use sky_proto::kernel::v1::{LoadHouseRequest, LoadHouseResponse, operations_client::OperationsClient};

use crate::{config::Elsewhere, services};

/// How often a service is asked that has no time, and how long to wait in between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// Options of `sky house`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Read a house file and say what is in it or what is wrong.
    Check {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        address: crate::Address,
    },
    /// Check, then load it into the running house.
    Load {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        address: crate::Address,
    },
}

/// Runs it.
pub async fn command(settings: &Settings, home: &Path, options: Options) -> anyhow::Result<ExitCode> {
    let (file, address, check_only) = match options.what {
        What::Check { file, address } => (file, address, true),
        What::Load { file, address } => (file, address, false),
    };
    let to = Elsewhere::find(settings, home, address.grpc.as_deref())?.ways()?;
    for line in load(&file, check_only, to).await? {
        println!("{line}");
    }
    println!("{}: {}", file.display(), if check_only { "good" } else { "loaded" });
    Ok(ExitCode::SUCCESS)
}

/// Checks a file with all services and, unless `check_only`, applies it. Answers what was found.
pub async fn load(
    file: &Path,
    check_only: bool,
    to: impl Fn(&'static str) -> Transport,
) -> anyhow::Result<Vec<String>> {
    let toml = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let table: toml::Table = toml.parse().map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    if let Some(unknown) = table.keys().find(|key| !services::ALL.iter().any(|service| service.name == *key)) {
        bail!("{}: {}`{unknown}` is no service of the house", file.display(), line_of(&toml, unknown));
    }
    let with_pictures = with_pictures(file, &toml, &table)?;
    let mut found = Vec::new();
    for step_checks in [true, false] {
        if !step_checks && check_only {
            break;
        }
        for service in services::ALL {
            let request = LoadHouseRequest {
                service: service.name.to_owned(),
                house_toml: if service.name == "gastro" { with_pictures.clone() } else { toml.clone() },
                check_only: step_checks,
            };
            let summary = ask(to(service.name), request)
                .await
                .map_err(|status| match status.code() {
                    tonic::Code::Unavailable => anyhow::anyhow!(
                        "{} was not looked at: {} does not answer ({}); the house checks its file itself, does it run?",
                        file.display(),
                        service.name,
                        status.message()
                    ),
                    _ => anyhow::anyhow!("{}: {}", file.display(), status.message().trim_start_matches("house_toml: ")),
                })?
                .summary;
            if !step_checks {
                continue;
            }
            if !summary.is_empty() {
                found.push(format!("{}: {summary}", service.name));
            } else if table.contains_key(service.name) {
                let line = line_of(&toml, service.name);
                bail!("{}: {line}`{}`: this service reads nothing of a house file", file.display(), service.name);
            }
        }
    }
    Ok(found)
}

/// "line 12: ", where the first table or key of this name begins.
fn line_of(toml: &str, name: &str) -> String {
    let begins = |line: &str| {
        let line = line.trim_start().trim_start_matches('[').trim_start();
        let key = line.split(['.', ']', '=', ' ', '\t']).next().unwrap_or_default();
        key.trim_matches(['"', '\'']) == name
    };
    toml.lines().position(begins).map_or_else(String::new, |at| format!("line {}: ", at + 1))
}

/// Loads a service's part. While a house opens everything happens at once, on a small machine too: a service that has no
/// time for it is asked again, as its answer says.
async fn ask(to: Transport, request: LoadHouseRequest) -> Result<LoadHouseResponse, tonic::Status> {
    let mut service = OperationsClient::new(to);
    for _ in 1..TRIES {
        match service.load_house(request.clone()).await {
            Err(status) if status.code() == tonic::Code::Unavailable => tokio::time::sleep(PAUSE).await,
            answer => return answer.map(tonic::Response::into_inner),
        }
    }
    service.load_house(request).await.map(tonic::Response::into_inner)
}

/// All pictures of the menu together; a service takes a house file of up to 4 MB.
const LARGEST_PICTURES: usize = 2 << 20;

/// The text with the content of every picture file that the menu names put at its end, so that all lines stay where
/// they are.
fn with_pictures(file: &Path, text: &str, table: &toml::Table) -> anyhow::Result<String> {
    let items = table.get("gastro").and_then(|gastro| gastro.get("items")).and_then(toml::Value::as_array);
    let named = |item: &toml::Value| item.get("picture")?.get("file")?.as_str().map(str::to_owned);
    let names: BTreeSet<String> = items.into_iter().flatten().filter_map(named).collect();
    let mut contents = toml::Table::new();
    let mut size = 0;
    for name in names {
        let path = file.with_file_name(&name);
        let content = std::fs::read(&path).with_context(|| {
            let at = text.lines().position(|line| line.contains("file") && line.contains(&name));
            let line = at.map_or_else(String::new, |at| format!("line {}: ", at + 1));
            format!("{}: {line}`file`: cannot read the picture {}", file.display(), path.display())
        })?;
        size += content.len();
        if size > LARGEST_PICTURES {
            bail!("{}: the pictures of the menu are more than 2 MB together; make them smaller", file.display());
        }
        contents.insert(name, BASE64.encode(&content).into());
    }
    if contents.is_empty() {
        return Ok(text.to_owned());
    }
    Ok(format!("{text}\n[gastro.pictures]\n{contents}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_with_the_file_and_move_none_of_its_lines() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/houses/halle.toml");
        let text = std::fs::read_to_string(&file).expect("the house");
        let table: toml::Table = text.parse().expect("TOML");
        let whole = with_pictures(&file, &text, &table).expect("pictures");
        assert!(whole.starts_with(&text));
        let read: toml::Table = whole.parse().expect("still TOML");
        assert_eq!(read["gastro"]["pictures"].as_table().expect("pictures").len(), 2);
        let lost = text.replacen("pictures/moon-cake.png", "pictures/sun-cake.png", 1);
        let problem = with_pictures(&file, &lost, &lost.parse().expect("TOML")).expect_err("there is none");
        let line = lost.lines().position(|line| line.contains("sun-cake.png")).expect("a line") + 1;
        let problem = format!("{problem:#}");
        assert!(problem.contains(&format!("halle.toml: line {line}: `file`: cannot read the picture")), "{problem}");
        let plain = "[gastro]\n";
        assert_eq!(with_pictures(&file, plain, &plain.parse().expect("TOML")).expect("nothing"), plain);
    }

    #[test]
    fn a_table_is_found_where_it_begins_and_not_where_another_does() {
        let toml = "title = 1\n[parking]\n[[parking.bays]]\nparkin = 3\n[[ parkin.bays ]]\n[\"odd\".x]\nlast.one = 2\n";
        for (name, line) in [("parking", "line 2: "), ("parkin", "line 4: "), ("odd", "line 6: "), ("last", "line 7: ")]
        {
            assert_eq!(line_of(toml, name), line, "{name}");
        }
        assert_eq!(line_of(toml, "nobody"), "");
    }
}
