//! Other people's programs on this machine: nginx that holds ports, and Python behind a proxy.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{is_root, wait_until};

/// A program that runs until it is stopped or dropped.
pub struct Peer {
    child: Child,
    _folder: TempDir,
}

impl Peer {
    /// Runs nginx in a folder of its own, in the foreground, listening on `addresses`; it answers `nginx`.
    pub fn nginx(addresses: &[SocketAddr]) -> Peer {
        let program = find("nginx", "nginx-light");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("nginx.conf"), nginx_configuration(addresses)).unwrap();
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-c", "nginx.conf", "-g", "daemon off;", "-p"]).arg(folder.path());
        Peer::start(command, folder, addresses)
    }

    /// Runs nginx on a folder of files, with what lies beside them in gzip.
    pub fn nginx_files(address: SocketAddr, root: &Path) -> Peer {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("nginx.conf"), files_configuration(address, root)).unwrap();
        let mut command = Command::new(find("nginx", "nginx-light"));
        command.args(["-e", "stderr", "-c", "nginx.conf", "-g", "daemon off;", "-p"]).arg(folder.path());
        Peer::start(command, folder, &[address])
    }

    /// Runs `script` with Python; it gets `address` and its port as arguments and listens there.
    pub fn python(script: &str, address: SocketAddr) -> Peer {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program.py");
        fs::write(&path, script).unwrap();
        let mut command = Command::new(find("python3", "python3"));
        command.arg(path).args([address.ip().to_string(), address.port().to_string()]);
        Peer::start(command, folder, &[address])
    }

    /// Runs a program that lives in `folder` and waits until it listens on `addresses`.
    pub fn start(mut command: Command, folder: TempDir, addresses: &[SocketAddr]) -> Peer {
        let errors = folder.path().join("stderr");
        let output = File::create(&errors).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output).spawn().unwrap();
        wait_until(&format!("{command:?} to listen"), || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{command:?} ended with {status}: {}", fs::read_to_string(&errors).unwrap_or_default());
            }
            addresses.iter().all(|address| TcpStream::connect(*address).is_ok()).then_some(())
        });
        Peer { child, _folder: folder }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in order and waits until it is gone.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if self.child.try_wait().unwrap().is_some() {
            return;
        }
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
    }
}

fn nginx_configuration(addresses: &[SocketAddr]) -> String {
    let user = if is_root() { "user root;\n" } else { "" };
    let listens: String = addresses.iter().map(|address| format!("    listen {address};\n")).collect();
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders: String = folders.iter().map(|name| format!("  {name}_temp_path {name};\n")).collect();
    format!(
        "{user}worker_processes 1;\npid nginx.pid;\nevents {{}}\nhttp {{\n  access_log off;\n{folders}  server {{\n{listens}    return 200 nginx;\n  }}\n}}\n"
    )
}

fn files_configuration(address: SocketAddr, root: &Path) -> String {
    let user = if is_root() { "user root;\n" } else { "" };
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders: String = folders.iter().map(|name| format!("  {name}_temp_path {name};\n")).collect();
    format!(
        "{user}worker_processes 1;\npid nginx.pid;\nevents {{}}\nhttp {{\n  access_log off;\n{folders}  types {{ text/html html; \
         text/plain txt; text/javascript js; }}\n  server {{\n    listen {address};\n    root {};\n    index index.html;\n    \
         gzip_static on;\n    absolute_redirect off;\n  }}\n}}\n",
        root.display()
    )
}

/// Finds a program of the system, first in the places that every user can read.
pub fn find(program: &str, package: &str) -> String {
    let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin", "/sbin"];
    let found = folders.iter().map(|folder| format!("{folder}/{program}")).find(|path| Path::new(path).exists());
    found.unwrap_or_else(|| {
        panic!("{program} is missing; install it: apt-get install -y --no-install-recommends {package}")
    })
}

#[test]
fn nginx_holds_and_frees_its_address() {
    let address = SocketAddr::from(([127, 63, 0, 2], 19_999));
    let nginx = Peer::nginx(&[address]);
    assert!(nginx.pid() > 0 && TcpListener::bind(address).is_err());
    assert_eq!(super::client::Client::from([127, 63, 0, 3]).get(address, "/").text(), "nginx");
    nginx.stop();
    wait_until("the address to be free", || TcpListener::bind(address).ok());
}

#[test]
fn the_program_behind_a_proxy_counts_and_streams() {
    let address = SocketAddr::from(([127, 63, 0, 4], 19_998));
    let program = Peer::python(include_str!("../programs/count.py"), address);
    let client = super::client::Client::from([127, 63, 0, 5]);
    let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(client.exchange(address, chunked).text(), "5");
    assert_eq!(client.exchange(address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd").text(), "4");
    assert_eq!(client.get(address, "/stream/600000/chunked").body.len(), 600_000);
    assert_eq!(client.get(address, "/stream/5").text(), "ddddd");
    program.stop();
}
