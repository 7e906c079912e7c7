// Loads each URL with fetch, and with the modules http, https and http2: clients.mjs URL...
//
// Prints a line for each answer: client, URL, HTTP version, status, body. Certificates are taken as they are, which
// fetch learns from NODE_TLS_REJECT_UNAUTHORIZED.
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";

async function textOf(stream) {
  let text = "";
  for await (const piece of stream) text += piece;
  return text;
}

async function withFetch(url) {
  const answer = await fetch(url);
  const text = await answer.text();
  console.log("fetch", url, "-", answer.status, text);
}

async function withModule(url) {
  const [name, client] = url.startsWith("https:") ? ["https", https] : ["http", http];
  const answer = await new Promise((resolve, reject) => {
    client.get(url, { rejectUnauthorized: false }, resolve).on("error", reject);
  });
  const text = await textOf(answer);
  console.log(name, url, `HTTP/${answer.httpVersion}`, answer.statusCode, text);
}

// Over http it begins with the preface of HTTP/2 (prior knowledge).
async function withHttp2(url) {
  const session = http2.connect(url, { rejectUnauthorized: false });
  const stream = session.request({ ":path": new URL(url).pathname });
  let status = 0;
  stream.on("response", (fields) => (status = fields[":status"]));
  const text = await textOf(stream);
  console.log("http2", url, "HTTP/2", status, text);
  session.close();
}

for (const url of process.argv.slice(2)) {
  await withFetch(url);
  await withModule(url);
  await withHttp2(url);
}
