//! The documents that sequences begin with.

use super::model::{Model, Own};

const SHOP: &str = "  <system.applicationHost><!-- mark 1 -->
    <sites>
      <site name=\"Shop\" id=\"1\">
        <bindings><binding protocol='http' bindingInformation=\"127.0.0.2:80:\" /></bindings> <!-- mark 2 -->
      </site>
    </sites>
  </system.applicationHost>
";

/// Hand-written: two quotes, odd spaces, a comment on an entry's line, a value over two lines.
const WRITTEN: &str = "  <system.webServer>
    <security>
      <!-- mark 3 -->
      <dynamicIpSecurity   denyAction='Forbidden' />
      <ipSecurity allowUnlisted = \"true\"
                  enableProxyMode=\"false\" >
        <add ipAddress='10.0.0.1' />
        <!-- mark 4 --> <add ipAddress='10.0.0.2'
             allowed='true' />
      </ipSecurity>
    </security>
    <asp><!-- mark 5 --><limits  bufferingLimit='1'/></asp>
  </system.webServer>
  <system.web><compilation debug=\"true\" /><!-- mark 6 --></system.web>
  <location path='shop'>
    <system.webServer>
      <caching><profiles><add extension='.a' /></profiles></caching><!-- mark 7 -->
    </system.webServer>
  </location>
";

/// The section that has the fourth comment inside.
pub(super) const WITH_MARK_4: &str = "system.webServer/security/ipSecurity";

/// A document, and what it says: bits choose its content and its dress.
pub(super) fn document(choice: u8) -> (String, Model) {
    let (inner, model) = if choice & 1 == 0 { ("", Model::default()) } else { (WRITTEN, written()) };
    let mut text = format!("<configuration>\n{SHOP}{inner}</configuration>\n");
    if choice & 2 != 0 {
        text = text.replace("  ", "\t");
    }
    if choice & 4 != 0 {
        text = text.replace('\n', "\r\n");
    }
    if choice & 8 != 0 {
        text.insert(0, '\u{feff}');
    }
    if choice & 16 != 0 {
        text.truncate(text.trim_end().len());
    }
    (text, model)
}

fn written() -> Model {
    let entries =
        |texts: &[&str]| Own { added: texts.iter().map(|text| (*text).to_owned()).collect(), ..Own::default() };
    Model::default()
        .with_value(0, 0, "Forbidden")
        .with_value(0, 2, "true")
        .with_entries(0, 0, entries(&["10.0.0.1", "10.0.0.2"]))
        .with_entries(1, 1, entries(&[".a"]))
}
