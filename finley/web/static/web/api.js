/* Asks the API under the page's session, for the tenant whose data the page shows. */
globalThis.finleyApi = (() => {
  const tenant = document.body.dataset.tenant;
  let csrf = null;

  /* Why the API refused: `status` is that of HTTP, `ended` says that nobody is signed in. */
  class Refused extends Error {
    constructor(message, status) {
      super(message);
      Object.assign(this, { status, ended: status === 401 });
    }
  }

  const session = async () => {
    const response = await fetch("/api/v1/session/", { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Refused(await reason(response), response.status);
    const answer = await response.json();
    if (!answer.person) throw new Refused("Your session has ended.", 401);
    return answer;
  };

  const reason = async (response) => {
    const type = response.headers.get("content-type") || "";
    if (!type.startsWith("application/problem+json")) return `It was refused (${response.status}).`;
    const problem = await response.json();
    const parts = (problem.errors || []).map((error) => `${error.pointer.slice(1)}: ${error.detail}`);
    return [problem.detail, ...parts].join(" ");
  };

  const once = async (method, path, { json, bytes, key }) => {
    csrf ??= (await session()).csrf_token;
    const headers = { Accept: "application/json", "X-CSRFToken": csrf, "X-Finley-Tenant": tenant };
    if (json) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    if (bytes) headers["Content-Type"] = "application/octet-stream";
    return fetch(`/api/v1/${path}`, { method, headers, body: json ? JSON.stringify(json) : bytes });
  };

  /* The answer's JSON, or null. Throws Refused; TypeError or a Refused of 5xx where it may help to
     ask again. A sign-in since the page was opened has made another CSRF token. */
  const ask = async (method, path, content = {}) => {
    const before = csrf;
    let response = await once(method, path, content);
    if (response.status === 403 && before !== null) {
      csrf = null;
      response = await once(method, path, content);
    }
    if (response.status === 401) csrf = null;
    if (!response.ok) {
      throw new Refused(response.status === 401 ? "Your session has ended." : await reason(response), response.status);
    }
    return response.status === 204 ? null : response.json();
  };

  /* A sentence with what to do, and for an ended session the way to a sign-in beside this page. */
  const tell = (element, error, then) => {
    element.className = "message error";
    element.setAttribute("role", "alert");
    const lost = error instanceof TypeError ? "The connection is lost." : error.message;
    element.replaceChildren(`${lost} `);
    if (error.ended) {
      const link = document.createElement("a");
      Object.assign(link, { href: "/account/sign-in/", target: "_blank", textContent: "Sign in in another tab" });
      element.append(link, `, then ${then}. What you typed stays here.`);
    } else if (error instanceof TypeError) {
      element.append(`When it is back, ${then}. What you typed stays here.`);
    }
  };

  return { ask, tell, Refused };
})();
