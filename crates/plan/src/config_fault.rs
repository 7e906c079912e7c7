//! Why nothing can be served at a path: a folder's own file cannot be used (D20).

/// What is wrong, in plain values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The error code that IIS shows.
    pub hresult: u32,
    /// What is wrong, in IIS's words where IIS has some.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The lines around it, each with its number.
    pub excerpt: Vec<(u32, String)>,
}

impl ConfigFault {
    /// The error that Windows would log: the low word of the code.
    pub fn win32(&self) -> u32 {
        self.hresult & 0xffff
    }
}

impl From<doorward_config::ConfigFault> for ConfigFault {
    fn from(fault: doorward_config::ConfigFault) -> Self {
        Self {
            hresult: fault.hresult,
            line: fault.finding.origin.as_ref().map(|origin| origin.line),
            message: fault.finding.message,
            hint: fault.finding.hint,
            file: fault.file.display().to_string(),
            excerpt: fault.excerpt,
        }
    }
}
