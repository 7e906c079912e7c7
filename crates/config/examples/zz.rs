fn main() {
    let a: Vec<String> = std::env::args().collect();
    let p = std::path::Path::new(&a[1]);
    let t = std::time::Instant::now();
    let h = doorward_config::Home::under(std::path::Path::new("/h")).with_config_file(p);
    match doorward_config::load(&h) {
        Ok(c) => {
            for f in &c.findings {
                println!("{f}")
            }
            println!("{} sites {} ignored", c.sites.len(), c.ignored.len());
            let t = std::time::Instant::now();
            for _ in 0..100 {
                let _ = c.settings_at("Default Web Site", "/a/b");
            }
            println!("settings_at {:?}", t.elapsed() / 100);
        }
        Err(e) => println!("ERR {}", e.to_string().chars().take(2000).collect::<String>()),
    }
    println!("{:?}", t.elapsed());
}
