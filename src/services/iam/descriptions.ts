/** Records as IAM describes them. */
import type {
  BoundedRecord,
  GroupRecord,
  InstanceProfileRecord,
  PolicyRecord,
  RoleRecord,
  UserRecord,
} from './iam-records.ts';
import { iamArn } from './iam-records.ts';
import { encodedDocument } from './policy-checks.ts';
import { tagMember } from './tags.ts';

export function describeUser(user: UserRecord) {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: iamArn('user', user),
    CreateDate: new Date(user.createdMs),
  };
}

export function describeGroup(group: GroupRecord) {
  return {
    Path: group.path,
    GroupName: group.name,
    GroupId: group.id,
    Arn: iamArn('group', group),
    CreateDate: new Date(group.createdMs),
  };
}

/** What every answer about a role has; AWS leaves MaxSessionDuration out of that of CreateRole. */
export function describeRole(role: RoleRecord) {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: iamArn('role', role),
    CreateDate: new Date(role.createdMs),
    AssumeRolePolicyDocument: encodedDocument(role.trustPolicy),
    ...(role.description === undefined ? {} : { Description: role.description }),
  };
}

/** Tags and boundary, which lists leave out. */
export function describeDetails(record: BoundedRecord) {
  return { ...describeBoundary(record), ...tagMember(record.tags) };
}

export function describeBoundary({ boundary }: BoundedRecord) {
  if (boundary === undefined) return {};
  return {
    PermissionsBoundary: {
      PermissionsBoundaryType: 'PermissionsBoundaryPolicy' as const,
      PermissionsBoundaryArn: boundary,
    },
  };
}

export function describePolicy(policy: PolicyRecord, attachments: number, boundaries: number) {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: iamArn('policy', policy),
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: attachments,
    PermissionsBoundaryUsageCount: boundaries,
    IsAttachable: true,
    CreateDate: new Date(policy.createdMs),
    UpdateDate: new Date(policy.updatedMs),
  };
}

export function describeProfile(profile: InstanceProfileRecord, role: RoleRecord | undefined) {
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: iamArn('instance-profile', profile),
    CreateDate: new Date(profile.createdMs),
    Roles: role === undefined ? [] : [describeRole(role)],
  };
}
