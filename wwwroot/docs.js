// Tries the authorization code, password and refresh grants from the page /docs. Tokens live in this closure only; what proves that an answer
// belongs to this tab is kept for the time of the sign-in.
(() => {
  const form = document.getElementById("try-form");
  const answer = document.getElementById("try-answer");
  let tokens = {};

  const show = async (response) => {
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
    answer.textContent = `${response.status} ${response.statusText}\n${shown}`;
    return text;
  };

  const token = async (fields) => {
    const response = await fetch("/connect/token", { method: "POST", body: new URLSearchParams(fields), credentials: "omit" });
    const text = await show(response);
    if (response.ok) tokens = JSON.parse(text);
  };

  const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
  const redirect_uri = location.origin + location.pathname;

  const authorize = async (client_id) => {
    const flow = { client_id, verifier: random(), state: random() };
    sessionStorage.setItem("flow", JSON.stringify(flow));
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(flow.verifier));
    location.assign("/connect/authorize?" + new URLSearchParams({
      client_id, response_type: "code", redirect_uri, scope: "openid profile offline_access users:self", state: flow.state,
      code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: "S256",
    }));
  };

  // Back from there: the answer is taken out of the address before anything is done with it.
  const arrive = async () => {
    const members = new URLSearchParams(location.search);
    if (!members.has("state")) return;
    const flow = JSON.parse(sessionStorage.getItem("flow") ?? "null");
    sessionStorage.removeItem("flow");
    history.replaceState(null, "", redirect_uri);
    if (members.get("state") !== flow?.state) return;
    if (members.has("error")) {
      answer.textContent = `${members.get("error")}\n${members.get("error_description") ?? ""}`;
      return;
    }
    await token({ grant_type: "authorization_code", client_id: flow.client_id, code: members.get("code"), redirect_uri, code_verifier: flow.verifier });
  };

  arrive().catch((error) => { answer.textContent = String(error); });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const client_id = form.elements.client_id.value;
    try {
      switch (event.submitter?.value) {
        case "code":
          await authorize(client_id);
          break;
        case "refresh":
          await token({ grant_type: "refresh_token", client_id, refresh_token: tokens.refresh_token ?? "" });
          break;
        case "current":
          await show(await fetch("/users/current", { headers: tokens.access_token ? { Authorization: `Bearer ${tokens.access_token}` } : {}, credentials: "omit" }));
          break;
        default:
          await token({ grant_type: "password", client_id, username: form.elements.username.value, password: form.elements.password.value });
      }
    } catch (error) {
      answer.textContent = String(error);
    }
  });
})();
