//! Reading a request's head.

use std::hint::black_box;

use doorward_wire::{HeadLimits, Request, ServerMachine};

use super::Work;

pub const BARE: Work = Work {
    name: "head-bare",
    about: "read a head with two fields",
    prepare: || reading("GET /1k.html HTTP/1.1\r\nHost: www.shop.test\r\nUser-Agent: x/1\r\n\r\n"),
    warm_up: 10,
    times: 5000,
};

pub const BROWSER: Work = Work {
    name: "head-browser",
    about: "read a head as browsers send it: 11 fields, 600 bytes",
    prepare: || {
        reading(
            "GET /assets/2026/app.js?v=118 HTTP/1.1\r\nHost: www.shop.test\r\nConnection: keep-alive\r\n\
             User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n\
             Accept: */*\r\nReferer: http://www.shop.test/cart/checkout?step=2\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
             Accept-Language: de-AT,de;q=0.9,en;q=0.8\r\nCookie: session=0123456789abcdef0123456789abcdef; theme=dark; seen=1\r\n\
             Sec-Fetch-Dest: script\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Site: same-origin\r\n\r\n",
        )
    },
    warm_up: 10,
    times: 5000,
};

fn reading(head: &'static str) -> Box<dyn FnMut()> {
    let (mut machine, mut request) = (ServerMachine::new(HeadLimits::default()), Request::new());
    Box::new(move || {
        request.clear();
        let _head = black_box(machine.read(head.as_bytes(), &mut request));
        let _asked = black_box((request.keep_alive(), request.host()));
    })
}
