//! From a cgroup to the systemd unit or container it belongs to.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A machine has some hundreds of cgroups; the bound keeps a strange one from holding us up.
const FOLDERS_MAX: usize = 20_000;

/// The paths of the cgroups with these numbers. A cgroup v2's number is the inode of its folder (`cgroup_id` in the
/// kernel), so the tree is walked until all are found.
pub(super) fn paths(ids: &HashSet<u64>) -> HashMap<u64, String> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mount_points(&mounts).iter().flat_map(|root| paths_below(root, ids)).collect()
}

/// Where cgroup v2 is mounted, from the text of `/proc/self/mounts` (fstab(5)): `/sys/fs/cgroup`, or
/// `/sys/fs/cgroup/unified` on a machine that still has v1.
fn mount_points(mounts: &str) -> Vec<PathBuf> {
    let mount_point = |line: &str| {
        let mut columns = line.split(' ');
        let (_device, place, kind) = (columns.next()?, columns.next()?, columns.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(place.replace("\\040", " ")))
    };
    mounts.lines().filter_map(mount_point).collect()
}

/// Walk breadth first: services lie near the root.
fn paths_below(root: &Path, ids: &HashSet<u64>) -> HashMap<u64, String> {
    let mut found = HashMap::new();
    let mut folders = vec![root.to_path_buf()];
    let mut next = 0;
    while found.len() < ids.len() && next < folders.len() && next < FOLDERS_MAX {
        let folder = folders[next].clone();
        next += 1;
        let Ok(metadata) = std::fs::symlink_metadata(&folder) else { continue };
        if ids.contains(&metadata.ino()) {
            let below = folder.strip_prefix(root).unwrap_or(&folder);
            found.insert(metadata.ino(), format!("/{}", below.to_string_lossy()));
        }
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()));
    }
    found
}

/// The path in the text of `/proc/PID/cgroup` (cgroups(7)): the v2 line `0::/…`, or on a v1 machine systemd's own tree.
pub(super) fn path_of_process(text: &str) -> Option<&str> {
    let v2 = text.lines().find_map(|line| line.strip_prefix("0::")).filter(|path| *path != "/");
    let v1 = || text.lines().find_map(|line| line.split_once(":name=systemd:").map(|(_, path)| path));
    v2.or_else(v1).filter(|path| *path != "/")
}

/// The unit or container of a cgroup path: the first `.service` or `.scope` that is not a user's service manager, since
/// whatever lies below a unit belongs to that unit; or `docker/ID` where Docker drives cgroups without systemd.
pub(super) fn unit(path: &str) -> Option<String> {
    let is_unit = |part: &&str| has_suffix(part, ".service") || has_suffix(part, ".scope");
    let parts = || path.split('/').filter(|part| user_of_manager(part).is_none());
    let unit = parts().find(is_unit).map(str::to_owned);
    let by_id = || container(path).map(|container| format!("{}/{}", container.engine, container.id));
    let manager = || path.split('/').find(|part| user_of_manager(part).is_some()).map(str::to_owned);
    unit.or_else(by_id).or_else(manager).map(|name| super::process::printable(&name, 128))
}

/// The user whose own service manager runs this cgroup: `user@1000.service` gives 1000.
pub(super) fn user_manager(path: &str) -> Option<u32> {
    path.split('/').find_map(user_of_manager)
}

fn user_of_manager(part: &str) -> Option<u32> {
    part.strip_prefix("user@")?.strip_suffix(".service")?.parse().ok()
}

fn has_suffix(part: &str, suffix: &str) -> bool {
    part.strip_suffix(suffix).is_some_and(|name| !name.is_empty())
}

/// A container, as its engine's command names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    /// The command to control it: `docker` or `podman`.
    pub(super) engine: &'static str,
    /// The first twelve digits of its id, as `docker ps` shows them.
    pub(super) id: String,
}

/// The container whose cgroup this is: `docker-ID.scope`, `libpod-ID.scope`, or `/docker/ID` without systemd.
pub(super) fn container(path: &str) -> Option<Container> {
    let short_id = |text: &str| {
        let id: String = text.chars().take_while(char::is_ascii_hexdigit).collect();
        (id.len() == 64).then(|| id[..12].to_owned())
    };
    let in_engine = |(engine, mark): (&'static str, &str)| {
        let id = path.split(mark).skip(1).find_map(short_id)?;
        Some(Container { engine, id })
    };
    [("docker", "/docker-"), ("docker", "/docker/"), ("podman", "/libpod-")].into_iter().find_map(in_engine)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn check(path: &str, expected: Option<&str>) {
        assert_eq!(unit(&path.replace("ID", ID)), expected.map(|name| name.replace("ID", ID)), "{path}");
    }

    #[test]
    fn names_the_unit() {
        check("/system.slice/nginx.service", Some("nginx.service"));
        check("/system.slice/system-postgresql.slice/postgresql@16-main.service", Some("postgresql@16-main.service"));
        check("/system.slice/foo.service/supervisor/worker.scope", Some("foo.service"));
        check("/system.slice/docker-ID.scope", Some("docker-ID.scope"));
        check("/system.slice/docker-ID.scope/system.slice/nginx.service", Some("docker-ID.scope"));
        check("/docker/ID", Some("docker/0123456789ab"));
        check("/user.slice/user-1000.slice/session-3.scope", Some("session-3.scope"));
        let user = "/user.slice/user-1000.slice/user@1000.service";
        check(&format!("{user}/app.slice/app-org.gnome.Terminal.slice/vte-7.scope"), Some("vte-7.scope"));
        check(&format!("{user}/app.slice/web.service"), Some("web.service"));
        check(&format!("{user}/init.scope"), Some("init.scope"));
        check(user, Some("user@1000.service"));
        check("/../nginx.service", Some("nginx.service"));
        check("/system.slice/evil\u{1b}[2J.service", Some("evil?[2J.service"));
        check("/kubepods/burstable", None);
        check("/.service", None);
        check("/", None);
        check("", None);
    }

    #[test]
    fn knows_whose_manager_and_which_container() {
        assert_eq!(user_manager("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service"), Some(1000));
        assert_eq!(user_manager("/system.slice/nginx.service"), None);
        let podman = Container { engine: "podman", id: "0123456789ab".to_owned() };
        assert_eq!(container(&format!("/machine.slice/libpod-{ID}.scope/container")), Some(podman));
        assert_eq!(container("/system.slice/docker-short.scope"), None);
        assert_eq!(container("/system.slice/docker.service"), None);
    }

    fn check_process(text: &str, expected: Option<&str>) {
        assert_eq!(path_of_process(text), expected, "{text}");
    }

    #[test]
    fn reads_a_processs_cgroup() {
        check_process("0::/system.slice/nginx.service\n", Some("/system.slice/nginx.service"));
        check_process("9:name=systemd:/system.slice/a.service\n1:cpu:/\n0::/\n", Some("/system.slice/a.service"));
        check_process("9:name=systemd:/\n0::/\n", None);
        check_process("", None);
    }

    #[test]
    fn finds_the_mount_points() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\ncgroup2 /a\\040b cgroup2 rw 0 0\nshort\n";
        assert_eq!(mount_points(mounts), [PathBuf::from("/sys/fs/cgroup/unified"), PathBuf::from("/a b")]);
    }

    #[test]
    fn finds_folders_by_inode() {
        let root = std::env::temp_dir().join(format!("doorward-cgroup-{}", std::process::id()));
        let leaf = root.join("system.slice/nginx.service");
        std::fs::create_dir_all(&leaf).unwrap();
        let inode = std::fs::metadata(&leaf).unwrap().ino();
        let found = paths_below(&root, &HashSet::from([inode]));
        assert_eq!(found.get(&inode).map(String::as_str), Some("/system.slice/nginx.service"));
        assert_eq!(paths_below(&root, &HashSet::from([u64::MAX])), HashMap::new());
        assert_eq!(paths_below(&root, &HashSet::new()), HashMap::new());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
