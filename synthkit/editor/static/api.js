// Requests to the server. Each carries the token, which came in the fragment of the page's address.

const KEY = "synthkit-token";

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

const token = takeToken();

export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function failureOf(response) {
  const text = await response.text();
  try {
    return new Failure(response.status, JSON.parse(text).detail || text);
  } catch {
    return new Failure(response.status, text || response.statusText);
  }
}

async function request(path, options = {}) {
  const headers = { "X-Synthkit-Token": token };
  if (options.method === "POST" && typeof options.body === "string") headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Failure(0, "The editor does not answer. Is synthkit editor still running?");
  }
  if (response.ok) return response;
  throw await failureOf(response);
}

export const query = values => new URLSearchParams(values).toString();

export const getJson = async path => (await request(path)).json();

export const post = async (path, data) =>
  (await request(path, { method: "POST", body: JSON.stringify(data) })).json();

export const sendFile = async (method, path, file) => (await request(path, { method, body: file })).json();

export const clearUploads = () => request("/api/upload", { method: "DELETE" });

// A picture as {blob, preview}: whether it is one of half the size.
export async function getPicture(path, signal) {
  const response = await request(path, { signal });
  return { blob: await response.blob(), preview: response.headers.get("X-Synthkit-Preview") === "1" };
}

export async function download(path, name) {
  const { blob } = await getPicture(path);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
