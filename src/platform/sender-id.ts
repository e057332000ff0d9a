/** How services tell who sent something: the role's id with the session, or the account where it was no role. */
export function senderId(
  caller: { readonly accountId: string },
  role: { readonly roleId: string; readonly sessionName: string } | undefined,
): string {
  return role === undefined ? caller.accountId : `${role.roleId}:${role.sessionName}`;
}
