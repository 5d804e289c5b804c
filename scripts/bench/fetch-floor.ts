/** The floor of an agent run: reads the stub model's stream with `fetch`, as many times as asked and with that question; prints its CPU time. */
const [url = "", times = "1", question = "go"] = process.argv.slice(2);

async function readOnce(): Promise<void> {
  const body = JSON.stringify({ model: "stub", stream: true, messages: [{ role: "user", content: question }] });
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true });
  if (!text.includes("[DONE]")) throw new Error("the stub's stream broke off");
}

// The first reads load what fetch needs; only the later ones are measured.
for (let i = 0; i < 3; i++) await readOnce();
const before = process.cpuUsage();
for (let i = 0; i < Number(times); i++) await readOnce();
const { user, system } = process.cpuUsage(before);
console.log(`cpu ${(user + system) / 1000}`);
