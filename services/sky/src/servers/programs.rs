//! Finds PostgreSQL and nats-server on this machine and checks their versions.
//!
//! Must not install anything: `deploy/up` does that. Each refusal is one line that
//! says what to do.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

/// Older servers miss what the schema uses.
const POSTGRES_FROM: (u32, u32) = (15, 0);
/// Older brokers silently drop filters and starve consumers after losing data.
const NATS_FROM: (u32, u32) = (2, 14);

/// The folder with `postgres` and `initdb`: from the PATH, else the newest of Debian's.
/// With data already there, the one of the major version that wrote it.
pub(super) fn postgres(data: &Path) -> Result<PathBuf> {
    postgres_in(postgres_folders(), data)
}

fn postgres_in(folders: Vec<PathBuf>, data: &Path) -> Result<PathBuf> {
    let written_by = fs::read_to_string(data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let found: Vec<(PathBuf, (u32, u32))> = folders
        .into_iter()
        .filter(|folder| folder.join("initdb").is_file())
        .filter_map(|folder| Some((version(&folder.join("postgres"))?, folder)))
        .map(|(version, folder)| (folder, version))
        .collect();
    let fits = |version: (u32, u32)| version >= POSTGRES_FROM && written_by.is_none_or(|major| major == version.0);
    if let Some((folder, _)) = found.iter().find(|(_, version)| fits(*version)) {
        return Ok(folder.clone());
    }
    match (found.first(), written_by) {
        (Some(_), Some(major)) => bail!(
            "the data in {} was written by PostgreSQL {major}, which is not installed: install it, or move the folder away to start empty",
            data.display()
        ),
        (Some((folder, (major, minor))), None) => bail!(
            "PostgreSQL {major}.{minor} in {} is too old: install PostgreSQL {} or newer (Debian: apt-get install postgresql)",
            folder.display(),
            POSTGRES_FROM.0
        ),
        (None, _) => bail!(
            "PostgreSQL is not installed: deploy/up installs it (by hand on Debian: apt-get install postgresql), or name a server in SKY_DATABASE_URL"
        ),
    }
}

/// The nats-server to run: `chosen` if given, else from the PATH, else from
/// `bin/` below one of `dirs`.
pub(super) fn nats(chosen: Option<&Path>, dirs: &[&Path]) -> Result<PathBuf> {
    let places: Vec<PathBuf> = match chosen {
        Some(path) => vec![path.to_owned()],
        None => on_path("nats-server").into_iter().chain(dirs.iter().map(|dir| dir.join("bin/nats-server"))).collect(),
    };
    let found: Vec<(PathBuf, (u32, u32))> = places
        .into_iter()
        .filter_map(|path| Some((version(&path)?, path)))
        .map(|(version, path)| (path, version))
        .collect();
    if let Some((path, _)) = found.iter().find(|(_, version)| *version >= NATS_FROM) {
        return Ok(path.clone());
    }
    let (major, minor) = NATS_FROM;
    match (found.first(), chosen) {
        (Some((path, (is_major, is_minor))), _) => bail!(
            "nats-server {is_major}.{is_minor} at {} is too old: {major}.{minor} or newer is needed (deploy/up fetches one; older ones lose events)",
            path.display()
        ),
        (None, Some(path)) => bail!(
            "{} is not a nats-server that runs here: SKY_NATS_SERVER must name one of version {major}.{minor} or newer",
            path.display()
        ),
        (None, None) => bail!(
            "nats-server is not installed: deploy/up fetches it, or put version {major}.{minor} or newer on the PATH, or name a server in SKY_NATS_URL"
        ),
    }
}

fn postgres_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = on_path("postgres")
        .into_iter()
        // A link in the PATH: initdb is beside the real program.
        .filter_map(|path| Some(path.canonicalize().ok()?.parent()?.to_owned()))
        .collect();
    let mut debian: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let major = entry.file_name().to_str()?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .collect();
    debian.sort_by(|left, right| right.cmp(left));
    folders.extend(debian.into_iter().map(|(_, folder)| folder));
    folders
}

fn on_path(program: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).filter(|candidate| candidate.is_file()).collect()
}

/// What `program --version` says; `None` if it does not run or says no version.
fn version(program: &Path) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// `postgres (PostgreSQL) 15.18 (Debian …)`, `postgres (PostgreSQL) 19beta1`,
/// `nats-server: v2.15.1`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut numbers =
            word.trim_start_matches('v').split('.').map(|part| part.split(|c: char| !c.is_ascii_digit()).next());
        let major = numbers.next()??.parse().ok()?;
        let minor = numbers.next().flatten().and_then(|part| part.parse().ok());
        Some((major, minor.unwrap_or(0)))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with programs that say they are this PostgreSQL.
    fn postgres_of(home: &Path, version: &str) -> PathBuf {
        let folder = home.join(version);
        fs::create_dir_all(&folder).expect("a folder");
        for program in ["postgres", "initdb"] {
            let path = folder.join(program);
            fs::write(&path, format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
        }
        folder
    }

    #[test]
    fn a_postgresql_that_is_missing_too_old_or_not_the_datas_is_one_line_that_says_what_to_do() {
        let home = std::env::temp_dir().join(format!("sky-programs-{}", uuid::Uuid::new_v4()));
        let (old, good) = (postgres_of(&home, "14.11"), postgres_of(&home, "15.18"));
        let without_initdb = postgres_of(&home, "17.2");
        fs::remove_file(without_initdb.join("initdb")).expect("removed");
        let (empty, written) = (home.join("empty"), home.join("written"));
        fs::create_dir_all(&written).expect("a folder");
        fs::write(written.join("PG_VERSION"), "13\n").expect("written");
        let refused = |folders: &[&PathBuf], data: &Path| {
            let folders = folders.iter().map(|it| (*it).clone()).collect();
            let said = format!("{:#}", postgres_in(folders, data).expect_err("refused"));
            assert_eq!(said.lines().count(), 1, "{said}");
            said
        };
        let missing = refused(&[], &empty);
        assert!(missing.contains("not installed") && missing.contains("SKY_DATABASE_URL"), "{missing}");
        assert_eq!(refused(&[&without_initdb], &empty), missing, "a part of it is none");
        let too_old = refused(&[&old], &empty);
        assert!(too_old.contains("14.11 in") && too_old.contains("install PostgreSQL 15 or newer"), "{too_old}");
        let others = refused(&[&old, &good], &written);
        assert!(others.contains("written by PostgreSQL 13") && others.contains("install it"), "{others}");
        assert_eq!(postgres_in(vec![old, good.clone()], &empty).expect("found"), good);
        fs::remove_dir_all(&home).expect("removed");
    }

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some((15, 18))),
            ("postgres (PostgreSQL) 19beta1", Some((19, 0))),
            ("nats-server: v2.15.1\n", Some((2, 15))),
            ("nats-server: v2.9.10-RC.1", Some((2, 9))),
            ("command not found", None),
            ("", None),
        ] {
            assert_eq!(parse_version(text), expected, "{text}");
        }
    }
}
