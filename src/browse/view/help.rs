//! The help screen: all keys.

/// All keys, at most 40 columns wide so that a small window shows them whole.
pub(crate) const HELP: &str = "\
Move
  j k, arrows     one line down, up
  Ctrl-D Ctrl-U   half a page
  PgDn PgUp Space one page
  g G, Home End   first, last
  Enter, l        open
  Esc q, Left     back

Find
  /               search what is loaded
  n N             next, previous match
  f               filter the log
  x               clear all filters
  t, 0-9          go to a time, or an id
  o               oldest or newest first
  Tab             facets with counts

This entry and its resource
  h               history
  b               blame
  =               state after it
  d               difference
  R               revert plan
  c               its request
  J K             next, previous entry;
                  scrolls it in a list

Take along
  m M             mark, unmark all
  e               export marked or all
  y               copy: t text, j JSON,
                  c command, l link
  F               follow new entries
  r               refresh, or try again
  Ctrl-L          draw the screen again

In a list: * marked, H kept by a hold;
brackets join changes of one request.

Ctrl-Z suspends, Ctrl-C ends at once.
The mouse selects, opens and scrolls.
The line above the keys is the command
that prints the same.
";
