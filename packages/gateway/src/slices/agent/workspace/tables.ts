/** The index over the workspaces' notes, and which saves have been made. The notes themselves are files. */
import { defineTables } from "../../../kit/tables.ts";

export const tables = defineTables("workspace", [
  `create table memory_files (
     folder text not null,
     path text not null,
     size integer not null,
     mtime_ms real not null,
     primary key (folder, path)
   ) strict, without rowid;

   create table memory_chunks (
     id integer primary key,
     folder text not null,
     path text not null,
     line integer not null,
     text text not null
   ) strict;
   create index memory_chunks_by_file on memory_chunks (folder, path);

   create virtual table memory_words using fts5 (
     text, content = 'memory_chunks', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
   );
   create trigger memory_words_insert after insert on memory_chunks begin
     insert into memory_words (rowid, text) values (new.id, new.text);
   end;
   create trigger memory_words_delete after delete on memory_chunks begin
     insert into memory_words (memory_words, rowid, text) values ('delete', old.id, old.text);
   end;

   create table memory_saves (
     call text primary key,
     path text not null,
     entry text not null,
     at integer not null
   ) strict, without rowid;`,
]);
