'use strict';
// A runtime that was started before it was known for which function: it waits for ASSIGN, then is that function's.

/** Makes the variables of ASSIGN those of the process, which had none of a function's before; false when the host has gone. */
function takeAssignment(channel) {
  const variables = channel.assignment();
  if (variables === undefined) return false;
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name];
  Object.assign(process.env, variables);
  return true;
}

module.exports = { takeAssignment };
