// Tries the password and refresh grants from the page /docs. Tokens live in this closure only.
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

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const client_id = form.elements.client_id.value;
    try {
      switch (event.submitter?.value) {
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
