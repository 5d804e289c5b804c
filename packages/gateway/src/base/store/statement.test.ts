import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JournalStage } from "../../../../../test/support/journal-stage.ts";
import type { JournalEntry } from "./journal/line.ts";
import { readJournal } from "./journal/reading.ts";
import { insertInto, named, replaceInto } from "./statement.ts";
import { openStore, type Tables } from "./store.ts";

const TABLES: readonly Tables[] = [
  {
    slice: "birds",
    steps: ["create table birds (id integer primary key, name text unique, wings integer, song text default 'none')"],
  },
];

function stage() {
  const store = openStore(":memory:", TABLES);
  return {
    store,
    all: () => store.all("select id, name, wings, song from birds order by id").map((row) => ({ ...row })),
  };
}

describe("a row that is added by the names of its columns", () => {
  test("keeps what is undefined as null, booleans as numbers, and the default of a column that is not named", () => {
    const { store, all } = stage();

    const added = [
      store.run(...insertInto("birds", { wings: true, name: undefined })),
      store.run(...insertInto("birds", { name: "owl", song: null, wings: false })),
    ];

    assert.deepEqual(
      added.map(({ changes, lastInsertRowid }) => [changes, lastInsertRowid]),
      [
        [1, 1],
        [1, 2],
      ],
    );
    assert.deepEqual(all(), [
      { id: 1, name: null, wings: 1, song: "none" },
      { id: 2, name: "owl", wings: 0, song: null },
    ]);
  });

  test("may say what happens at a conflict, and what is returned", () => {
    const { store, all } = stage();
    store.run(...insertInto("birds", { name: "owl", wings: 2 }));

    const ignored = store.run(...insertInto("birds", { name: "owl", wings: 4 }, "on conflict (name) do nothing"));
    const changed = store.get(
      ...insertInto(
        "birds",
        { name: "owl", wings: 6 },
        "on conflict (name) do update set wings = excluded.wings returning wings",
      ),
    );

    assert.equal(ignored.changes, 0);
    assert.deepEqual({ ...changed }, { wings: 6 });
    assert.deepEqual(all(), [{ id: 1, name: "owl", wings: 6, song: "none" }]);
  });

  test("takes the place of another", () => {
    const { store, all } = stage();
    store.run(...insertInto("birds", { name: "owl", song: "hoo" }));

    store.run(...replaceInto("birds", { id: 7, name: "owl" }));

    assert.deepEqual(all(), [{ id: 7, name: "owl", wings: null, song: "none" }]);
  });

  test("is the same text each time, whatever the values are", () => {
    const [first] = insertInto("birds", { name: "owl", wings: 1 });
    const [second] = insertInto("birds", { name: undefined, wings: 2 });

    assert.equal(first, "insert into birds (name, wings) values (?, ?)");
    assert.equal(second, first);
  });
});

describe("a statement with names", () => {
  test("takes a value in each place of its name, and leaves texts in quotes alone", () => {
    const { store, all } = stage();
    store.run(...insertInto("birds", { name: "owl" }));

    store.run(
      ...named("update birds set song = 'a:wings ' || :song, wings = :wings where name = :name or song = :song", {
        name: "owl",
        wings: 2,
        song: "hoo",
      }),
    );

    assert.deepEqual(all(), [{ id: 1, name: "owl", wings: 2, song: "a:wings hoo" }]);
  });

  for (const [lack, values] of [
    ["a value", { name: "owl" }],
    ["a place for a value", { name: "owl", wings: 1, song: "hoo" }],
    ["a value of this name", { name: "owl", wing: 1 }],
  ] as const) {
    test(`that lacks ${lack} is an error before anything is written`, () => {
      assert.throws(() => named("update birds set wings = :wings where name = :name", values), TypeError);
    });
  }
});

const SONG = Buffer.from("hoo");

test("the journal has such statements with the places of their values, and replays them", async () => {
  using stage = new JournalStage();
  const store = stage.recorded();
  store.run(...insertInto("birds", { name: "owl", song: undefined, weight: 2 }));
  store.run(
    ...named("update birds set song = :song, weight = weight + :more where name = :name", {
      name: "owl",
      song: SONG,
      more: 1,
    }),
  );
  store[Symbol.dispose]();

  const dump = await stage.replayed();

  const entries = [...readJournal(stage.journal)].filter((line): line is JournalEntry => line.kind === "entry");
  assert.deepEqual(
    entries.flatMap(({ statements }) => statements),
    [
      ["insert into birds (name, song, weight) values (?, ?, ?)", "owl", null, 2],
      ["update birds set song = ?1, weight = weight + ?2 where name = ?3", new Uint8Array(SONG), 1, "owl"],
    ],
  );
  assert.equal(dump, await stage.dump(stage.path));
});
