// A real, certified OpenID provider (npm oidc-provider) for tests: as many issuers as asked for, each on a port of
// its own, and a way to do wrong on purpose. Called with one JSON argument; prints one JSON line when it listens.
//
//   {"clients": [...], "issuers": 2}            ->  {"issuers": ["http://127.0.0.1:40001", …]}
//
// POST /_control says who signs in by itself ("account"), what is done to the next id token ("tamper"), how many
// answers of the key set hold another key instead of ours ("hideKeys"), and what is published and signed otherwise than
// by the provider itself: see `calm` below. GET /_control counts what was asked for.
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { constants, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import Provider from "oidc-provider";

const asked = JSON.parse(process.argv[2]);

const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521", ES256K: "secp256k1" };

function keyPair(alg = "RS256", kid = randomUUID()) {
  const { privateKey } = CURVES[alg]
    ? generateKeyPairSync("ec", { namedCurve: CURVES[alg] })
    : alg === "EdDSA"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg };
}

const published = ({ kty, crv, x, y, n, e, kid, use, alg }) => ({ kty, crv, x, y, n, e, kid, use, alg });

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const read = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

function signed(header, claims, jwk) {
  const text = `${part(header)}.${part(claims)}`;
  const key = { key: createPrivateKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
  if (header.alg.startsWith("PS")) {
    Object.assign(key, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
  }
  const hash = header.alg === "EdDSA" ? null : `sha${header.alg.slice(2, 5)}`;
  return `${text}.${sign(hash, Buffer.from(text), key).toString("base64url")}`;
}

// What a thief of one part of the system could hand us instead of the true token.
const TAMPER = {
  "alg-none": (header, claims) => `${part({ ...header, alg: "none" })}.${part(claims)}.`,
  "hs256-with-public-key": (header, claims, jwk) => {
    const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
    const text = `${part({ ...header, alg: "HS256" })}.${part(claims)}`;
    return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
  },
  "other-key": (header, claims) => signed(header, claims, keyPair()),
  "unknown-kid": (header, claims) => signed({ ...header, kid: randomUUID() }, claims, keyPair()),
  "changed-claims": (header, claims, jwk, token) => {
    const [head, , signature] = token.split(".");
    return `${head}.${part({ ...claims, sub: "somebody-else" })}.${signature}`;
  },
  "wrong-issuer": (header, claims, jwk) => signed(header, { ...claims, iss: "http://127.0.0.1:1" }, jwk),
  "wrong-audience": (header, claims, jwk) => signed(header, { ...claims, aud: "somebody-else" }, jwk),
  "two-audiences": (header, claims, jwk) => signed(header, { ...claims, aud: [claims.aud, "somebody-else"] }, jwk),
  "wrong-party": (header, claims, jwk) => signed(header, { ...claims, azp: "somebody-else" }, jwk),
  "wrong-nonce": (header, claims, jwk) => signed(header, { ...claims, nonce: "of-another-sign-in" }, jwk),
  "no-nonce": (header, { nonce, ...claims }, jwk) => signed(header, claims, jwk),
  expired: (header, claims, jwk) => signed(header, { ...claims, exp: claims.iat - 3600 }, jwk),
  "no-subject": (header, { sub, ...claims }, jwk) => signed(header, claims, jwk),
  "signed-anew": (header, claims, jwk) => signed(header, claims, jwk),
};

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || "{}");
}

async function start() {
  const server = createServer();
  await new Promise((done) => server.listen(0, done)); // at localhost too, which is another origin
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const jwk = keyPair();
  const calm = {
    account: "an-official", tamper: "", hideKeys: 0, replay: "",
    alg: "RS256", // what tokens are signed with
    renewed: 0, // tokens are signed, and the key set is made, with another key of the same name: the first, the second …
    nameless: false, // keys and tokens do not name their key
    groups: 0, // how many groups a token names
    metadata: {}, // stands in the metadata instead of, or besides, what is there
    keySet: {}, // members of the key set besides its keys
    moreKeys: [], // keys that stand before ours in the key set
    document: "", // instead of metadata: "huge", "packed" or "dripping"
    through: [], // origins that a browser passes before we look at it
    error: "", description: "", // what a browser comes back with instead of a code
  };
  const control = { ...calm };
  const counts = { jwks: 0, token: 0 };
  const renewed = {};
  const current = () => {
    if (control.alg === "RS256" && !control.renewed) return jwk;
    const name = `${control.alg} ${control.renewed}`;
    return (renewed[name] ??= keyPair(control.alg, control.renewed ? jwk.kid : randomUUID()));
  };
  let last = "";

  const provider = new Provider(issuer, {
    clients: asked.clients,
    jwks: { keys: [jwk] },
    cookies: { keys: [randomUUID()] },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = `<!doctype html>${form}<button name="logout" value="yes" form="op.logoutForm">out</button>`;
        },
      },
    },
    pkce: { required: () => true },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/_interaction/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path.endsWith("/openid-configuration")) ctx.body = { ...ctx.body, ...control.metadata };
    if (ctx.path === "/jwks") {
      const keys = current() === jwk ? ctx.body.keys : [published(current())];
      const ours = keys.map((key) => ({ ...key, kid: control.nameless ? undefined : key.kid }));
      ctx.body = { ...control.keySet, keys: [...control.moreKeys, ...ours] };
    }
    if (ctx.oidc?.route !== "token" || !ctx.body?.id_token) return;
    const token = ctx.body.id_token;
    const [header, claims] = token.split(".").slice(0, 2).map(read);
    if (control.replay && last) ctx.body.id_token = last;
    else if (control.tamper) ctx.body.id_token = TAMPER[control.tamper](header, claims, jwk, token);
    else if (current() !== jwk || control.nameless || control.groups) {
      const kid = control.nameless ? undefined : current().kid;
      const groups = control.groups ? Array.from({ length: control.groups }, (_, n) => `group-${n}`) : undefined;
      ctx.body.id_token = signed({ ...header, alg: control.alg, kid }, { ...claims, groups }, current());
    }
    last = token;
  });
  const answer = provider.callback();

  server.on("request", async (request, response) => {
    const json = (value) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    if (request.url === "/_control") {
      if (request.method === "POST") Object.assign(control, calm, await body(request));
      return json({ ...counts, control });
    }
    const url = new URL(request.url, issuer);
    const see = (to) => response.writeHead(302, { location: String(to) }).end();
    if (url.pathname === "/_pass") {
      const [to, ...further] = JSON.parse(url.searchParams.get("to"));
      return see(further.length ? `${to}/_pass?to=${encodeURIComponent(JSON.stringify(further))}` : to);
    }
    if (["/auth", "/session/end"].includes(url.pathname) && control.through.length && !url.searchParams.has("passed")) {
      const [first, ...others] = control.through;
      const back = `${issuer}${request.url}&passed=1`;
      return see(`${first}/_pass?to=${encodeURIComponent(JSON.stringify([...others, back]))}`);
    }
    if (url.pathname === "/auth" && control.error) {
      const back = new URL(url.searchParams.get("redirect_uri"));
      const said = { error: control.error, error_description: control.description, iss: issuer };
      back.search = new URLSearchParams({ ...said, state: url.searchParams.get("state") });
      return see(back);
    }
    if (control.document && url.pathname.endsWith("/openid-configuration")) {
      if (control.document === "huge") return json({ issuer, padding: "x".repeat(60_000_000) });
      if (control.document === "packed") {
        response.setHeader("content-encoding", "gzip");
        return response.end(gzipSync(JSON.stringify({ issuer, padding: "x".repeat(60_000_000) })));
      }
      const drop = setInterval(() => response.write(" "), 500);
      return response.on("close", () => clearInterval(drop)).flushHeaders();
    }
    if (request.url.startsWith("/_interaction/")) {
      const result = { login: { accountId: control.account } };
      return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    }
    if (request.url === "/jwks") {
      counts.jwks += 1;
      if (control.hideKeys > 0) {
        control.hideKeys -= 1;
        return json({ keys: [published(keyPair())] });
      }
    }
    if (request.url === "/token") counts.token += 1;
    return answer(request, response);
  });
  return issuer;
}

const issuers = [];
for (let n = 0; n < asked.issuers; n += 1) issuers.push(await start());
console.log(JSON.stringify({ issuers }));
process.stdin.on("end", () => process.exit(0)).resume();
