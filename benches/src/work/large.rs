//! Files as large as those of real servers, made up.

use std::fmt::Write as _;

const SITES: u32 = 62;
/// As many as the stock file of IIS has.
const MEDIA_TYPES: u32 = 378;
const LOCATIONS: u32 = 1073;

/// Sixty-two sites that each say a lot about themselves: about 700 KB.
pub fn many_sites() -> String {
    let mut text = opening(|text, site| {
        for application in 1..=18 {
            vdir(text, site, application);
        }
    });
    for site in 1..=SITES {
        location(&mut text, &format!("site-{site:02}"), |text| {
            files(text, site);
            errors(text);
            handlers(text, site);
            security(text, site);
        });
    }
    text + "</configuration>\n"
}

/// As many sites with 1073 location tags: about 700 KB.
pub fn many_locations() -> String {
    let mut text = opening(|_, _| {});
    for number in 0..LOCATIONS {
        let site = number % SITES + 1;
        let path = format!("site-{site:02}/area-{}/part-{number}", number % 7);
        location(&mut text, &path, |text| {
            let _infallible = write!(
                text,
                r#"      <directoryBrowse enabled="true" showFlags="Date, Time" />
      <staticContent>
        <remove fileExtension=".x{:03}" />
        <mimeMap fileExtension=".x{:03}" mimeType="application/x-other-{number}" />
      </staticContent>
      <httpProtocol>
        <customHeaders><add name="X-Part" value="{number}" /></customHeaders>
      </httpProtocol>
      <security>
        <ipSecurity allowUnlisted="true"><add ipAddress="10.{}.{}.0" subnetMask="255.255.255.0" /></ipSecurity>
      </security>
"#,
                number % MEDIA_TYPES,
                number % MEDIA_TYPES,
                number / 256,
                number % 256,
            );
        });
    }
    text + "</configuration>\n"
}

/// The server's own level and the sites, each with more applications.
fn opening(applications: impl Fn(&mut String, u32)) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>\n");
    text += "  <system.applicationHost>\n    <sites>\n";
    for site in 1..=SITES {
        let _infallible = write!(
            text,
            r#"      <site name="site-{site:02}" id="{site}" serverAutoStart="true">
        <application path="/" applicationPool="pool-{site:02}">
          <virtualDirectory path="/" physicalPath="/srv/sites/site-{site:02}" />
        </application>
"#
        );
        applications(&mut text, site);
        let _infallible = write!(
            text,
            r#"        <bindings>
          <binding protocol="http" bindingInformation="127.0.1.{site}:80:" />
          <binding protocol="http" bindingInformation="127.0.1.{site}:80:www.site-{site:02}.test" />
        </bindings>
        <logFile logFormat="W3C" directory="/srv/logs" period="Daily" />
      </site>
"#
        );
    }
    text += "    </sites>\n  </system.applicationHost>\n  <system.webServer>\n    <staticContent>\n";
    for number in 0..MEDIA_TYPES {
        let _infallible = writeln!(
            text,
            "      <mimeMap fileExtension=\".x{number:03}\" mimeType=\"application/x-made-up-{number}\" />"
        );
    }
    text + "    </staticContent>\n  </system.webServer>\n"
}

fn vdir(text: &mut String, site: u32, application: u32) {
    let _infallible = write!(
        text,
        r#"        <application path="/app-{application}" applicationPool="pool-{site:02}" enabledProtocols="http">
          <virtualDirectory path="/" physicalPath="/srv/sites/site-{site:02}/app-{application}" />
        </application>
"#
    );
}

fn location(text: &mut String, path: &str, sections: impl Fn(&mut String)) {
    let _infallible = writeln!(text, "  <location path=\"{path}\">\n    <system.webServer>");
    sections(text);
    *text += "    </system.webServer>\n  </location>\n";
}

fn files(text: &mut String, site: u32) {
    *text += "      <defaultDocument><files><clear /><add value=\"index.html\" /></files></defaultDocument>\n";
    *text += "      <staticContent>\n";
    for number in 0..12 {
        let extension = (site * 5 + number) % MEDIA_TYPES;
        let _infallible = write!(
            text,
            r#"        <remove fileExtension=".x{extension:03}" />
        <mimeMap fileExtension=".x{extension:03}" mimeType="application/x-other-{number}" />
"#
        );
    }
    *text += "      </staticContent>\n";
}

fn errors(text: &mut String) {
    *text += "      <httpErrors errorMode=\"Custom\">\n";
    for status in [401, 403, 404, 405, 406, 412, 500, 501, 502] {
        let _infallible = writeln!(
            text,
            "        <error statusCode=\"{status}\" path=\"/errors/{status}.html\" responseMode=\"ExecuteURL\" />"
        );
    }
    *text += "      </httpErrors>\n";
}

fn handlers(text: &mut String, site: u32) {
    *text += "      <handlers>\n";
    for number in 0..10 {
        let _infallible = writeln!(
            text,
            "        <add name=\"handler-{number}\" path=\"*.h{number}\" verb=\"GET,POST\" modules=\"IsapiModule\" \
             scriptProcessor=\"/srv/sites/site-{site:02}/h{number}.dll\" resourceType=\"File\" />"
        );
    }
    *text += "      </handlers>\n";
}

fn security(text: &mut String, site: u32) {
    *text += "      <security>\n        <ipSecurity allowUnlisted=\"false\">\n";
    for number in 0..24 {
        let _infallible = writeln!(
            text,
            "          <add ipAddress=\"10.{site}.{number}.0\" subnetMask=\"255.255.255.0\" allowed=\"true\" />"
        );
    }
    *text += "        </ipSecurity>\n        <requestFiltering>\n          <hiddenSegments>\n";
    for number in 0..10 {
        let _infallible = writeln!(text, "            <add segment=\"hidden-{site}-{number}\" />");
    }
    *text += "          </hiddenSegments>\n        </requestFiltering>\n      </security>\n";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, locations: usize) {
        assert!((650_000..750_000).contains(&text.len()), "{} bytes", text.len());
        assert_eq!(text.matches("<site ").count(), SITES as usize);
        assert_eq!(text.matches("<location ").count(), locations);
    }

    #[test]
    fn the_files_have_the_size_they_are_said_to_have() {
        check(&many_sites(), SITES as usize);
        check(&many_locations(), LOCATIONS as usize);
    }
}
