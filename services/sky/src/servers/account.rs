//! Who the private servers run as, and which folder they may write to.
//!
//! PostgreSQL refuses to run as root, and nothing here needs to. Must not start
//! anything: it only chooses, creates folders and hands out prepared commands.

use std::{
    fs, io,
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use nix::unistd::{Uid, User};
use uuid::Uuid;

/// The system account of the servers: ourselves, or an unprivileged one when we are root.
pub(super) struct Account {
    /// User and group to change to; `None` means: run as we are.
    ids: Option<(u32, u32)>,
    name: String,
}

impl Account {
    /// Ourselves unless we are root; then the owner of the data that is already
    /// in `dir`, else `postgres`, else `nobody`.
    pub(super) fn choose(dir: &Path) -> Result<Self> {
        let me = Uid::effective();
        if !me.is_root() {
            let name = User::from_uid(me)?.map_or_else(|| me.to_string(), |user| user.name);
            return Ok(Self { ids: None, name });
        }
        let owner = match fs::metadata(dir.join("postgres")) {
            Ok(data) if data.uid() != 0 => User::from_uid(Uid::from_raw(data.uid()))?,
            _ => None,
        };
        let user = match owner {
            Some(owner) => Some(owner),
            None => User::from_name("postgres")?.or(User::from_name("nobody")?),
        };
        let Some(user) = user else {
            bail!(
                "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as: start sky as an ordinary user"
            );
        };
        Ok(Self { ids: Some((user.uid.as_raw(), user.gid.as_raw())), name: user.name })
    }

    /// A command that runs as this account, with nothing of our terminal, folder or
    /// `PG…` and `MALLOC_…` environment, and with messages in English, because we read some of them.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if [b"PG".as_slice(), b"MALLOC_"].into_iter().any(|start| name.as_encoded_bytes().starts_with(start)) {
                command.env_remove(name);
            }
        }
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives `path` to this account, and lets nobody else read it.
    pub(super) fn own(&self, path: &Path, mode: u32) -> Result<()> {
        if let Some((uid, gid)) = self.ids {
            chown(path, Some(uid), Some(gid))
                .with_context(|| format!("cannot give {} to user {}", path.display(), self.name))?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .with_context(|| format!("cannot set the permissions of {}", path.display()))
    }

    /// Creates `path` if missing, as a folder of this account alone.
    pub(super) fn folder(&self, path: &Path) -> Result<()> {
        make_folder(path)?;
        self.own(path, 0o700)
    }

    /// Whether this account may enter the folder (or run the program) at `path`.
    pub(super) fn can_reach(&self, path: &Path) -> bool {
        let Some((uid, gid)) = self.ids else {
            return true;
        };
        path.ancestors().all(|part| {
            fs::metadata(part).is_ok_and(|data| {
                let bit = match () {
                    () if data.uid() == uid => 0o100,
                    () if data.gid() == gid => 0o010,
                    () => 0o001,
                };
                data.mode() & bit != 0
            })
        })
    }

    /// Where the servers keep their data: `dir`, or, when this account cannot enter it
    /// (a checkout below `/root`), a folder under `/var/lib` named after `dir`; it was one under `/var/tmp`, which some
    /// systems empty, and stays there for a house that has it.
    pub(super) fn home(&self, dir: &Path) -> Result<PathBuf> {
        if self.can_reach(dir) {
            return Ok(dir.to_owned());
        }
        let key = Uuid::new_v5(&Uuid::NAMESPACE_URL, dir.as_os_str().as_encoded_bytes());
        let name = format!("sky-{}", key.simple());
        let (home, earlier) = (Path::new("/var/lib").join(&name), Path::new("/var/tmp").join(&name));
        let is_used = |home: &Path| fs::exists(home.join("postgres"));
        let home = if !is_used(&home)? && is_used(&earlier)? { earlier } else { home };
        make_folder(&home)?;
        // The name can be guessed: take the folder only if nobody else made it.
        let data = fs::symlink_metadata(&home)?;
        if !data.is_dir() || data.uid() != Uid::effective().as_raw() {
            bail!("{} is needed for the servers' data and belongs to someone else: remove it", home.display());
        }
        eprintln!(
            "note: user {} cannot enter {}: the servers' data is in {}",
            self.name,
            dir.display(),
            home.display()
        );
        Ok(home)
    }

    /// `program` itself, or a copy below `home` if this account cannot reach it.
    pub(super) fn reachable(&self, program: &Path, home: &Path) -> Result<PathBuf> {
        if self.can_reach(program) {
            return Ok(program.to_owned());
        }
        let copy = home.join("bin").join(program.file_name().unwrap_or_default());
        make_folder(&home.join("bin"))?;
        // Not over the old one in place: it may still be running.
        let new = copy.with_extension("new");
        fs::copy(program, &new)
            .and_then(|_| fs::set_permissions(&new, fs::Permissions::from_mode(0o755)))
            .and_then(|()| fs::rename(&new, &copy))
            .with_context(|| format!("cannot copy {} to {}", program.display(), copy.display()))?;
        Ok(copy)
    }
}

/// Creates `path` and its parents if missing: others may pass through, not list.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(path)
        // A tight umask would shut the servers' account out again.
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o711)));
    made.with_context(|| format!("cannot create {}", path.display()))
}

/// The secret `name` in `dir/secrets`, made up on first use; only we can read it.
pub(super) fn secret(dir: &Path, name: &str) -> Result<String> {
    let folder = dir.join("secrets");
    make_folder(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    let path = folder.join(name);
    match fs::read_to_string(&path) {
        Ok(secret) if !secret.trim().is_empty() => return Ok(secret.trim().to_owned()),
        Ok(_) => bail!("{} is empty: put the old file back, or move the data away to start empty", path.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    }
    let secret = data_encoding::HEXLOWER.encode(&rand::random::<[u8; 24]>());
    write_private(&path, &secret)?;
    Ok(secret)
}

/// Writes a file that only its owner can read, never half.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let new = path.with_added_extension("part");
    let write = || -> io::Result<()> {
        let _ = fs::remove_file(&new);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // That it has this name now outlives a crash of the machine, too.
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
