// A real, certified OpenID provider (npm oidc-provider) for tests: as many issuers as asked for, each on a port of
// its own, and a way to do wrong on purpose. Called with one JSON argument; prints one JSON line when it listens.
//
//   {"clients": [...], "issuers": 2}            ->  {"issuers": ["http://127.0.0.1:40001", …]}
//
// POST /_control {"account", "tamper", "hideKeys"} says who signs in by itself, what is done to the next id token,
// and how many answers of the key set hold another key instead of ours. GET /_control counts what was asked for.
import { createServer } from "node:http";
import { createPrivateKey, createPublicKey, createHmac, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import Provider from "oidc-provider";

const asked = JSON.parse(process.argv[2]);

function keyPair() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
}

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const read = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

function signed(header, claims, jwk) {
  const text = `${part(header)}.${part(claims)}`;
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  return `${text}.${createSign("RSA-SHA256").update(text).sign(key).toString("base64url")}`;
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
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const jwk = keyPair();
  const control = { account: "an-official", tamper: "", hideKeys: 0, replay: "" };
  const counts = { jwks: 0, token: 0 };
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
    if (ctx.oidc?.route !== "token" || !ctx.body?.id_token) return;
    const token = ctx.body.id_token;
    const [header, claims] = token.split(".");
    if (control.replay && last) ctx.body.id_token = last;
    else if (control.tamper) ctx.body.id_token = TAMPER[control.tamper](read(header), read(claims), jwk, token);
    last = token;
  });
  const answer = provider.callback();

  server.on("request", async (request, response) => {
    const json = (value) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    if (request.url === "/_control") {
      if (request.method === "POST") Object.assign(control, await body(request));
      return json({ ...counts, control });
    }
    if (request.url.startsWith("/_interaction/")) {
      const result = { login: { accountId: control.account } };
      return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    }
    if (request.url === "/jwks") {
      counts.jwks += 1;
      if (control.hideKeys > 0) {
        control.hideKeys -= 1;
        const { kty, n, e, kid, use, alg } = keyPair();
        return json({ keys: [{ kty, n, e, kid, use, alg }] });
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
