/** Requests that AWS was recorded to refuse, in its words; the shapes of what it was recorded to answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateApiDestinationCommand,
  CreateArchiveCommand,
  CreateConnectionCommand,
  DescribeConnectionCommand,
  PutRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { recordedJson } from '../../kit/recorded.ts';
import { EventsTester, failure } from './events-tester.ts';

interface Answer {
  readonly Error?: { readonly Code: string; readonly Message: string };
  readonly Entries?: readonly { readonly ErrorCode: string; readonly ErrorMessage: string }[];
  readonly AuthParameters?: object;
}

type Recorded = Readonly<Record<string, Readonly<Record<string, Answer>>>>;

function recorded(file: string): Recorded {
  return recordedJson<Recorded>('events', `${file}.json`);
}

/** Code and message of the one error of a recorded test, with names in the place of its placeholders. */
function refusal(answers: Readonly<Record<string, Answer>> | undefined, names: Record<string, string> = {}) {
  const { Error: error } = Object.values(answers ?? {}).find((answer) => answer.Error !== undefined) ?? {};
  assert.ok(error, 'the record is there');
  return [error.Code, error.Message.replaceAll(/<([a-z-]+)>/g, (_, name: string) => names[name]!)];
}

test('schedules of rules are refused as recorded', async (context) => {
  const { client } = await EventsTester.start(context);
  let compared = 0;
  for (const [name, answers] of Object.entries(recorded('events_schedule'))) {
    const [, ScheduleExpression] = /invalid_schedule_\w+\[(.*)\]$/.exec(name) ?? [];
    if (ScheduleExpression === undefined) continue;
    const put = new PutRuleCommand({ Name: 'r', ScheduleExpression });
    assert.deepEqual(await failure(client.send(put)), refusal(answers), ScheduleExpression);
    compared += 1;
  }
  assert.ok(compared >= 5, `${compared} expressions`);
});

test('entries are refused as recorded', async (context) => {
  const events = await EventsTester.start(context);
  const cases = {
    test_put_events_without_source: { Source: undefined },
    test_put_event_without_detail: { Detail: undefined },
    test_put_event_without_detail_type: { DetailType: undefined },
    'test_put_event_malformed_detail[STRING]': { Detail: 'text' },
    'test_put_event_malformed_detail[ARRAY]': { Detail: '[]' },
    'test_put_event_malformed_detail[MALFORMED_JSON]': { Detail: '{"a": 1' },
    'test_put_event_malformed_detail[SERIALIZED_STRING]': { Detail: '"text"' },
  };
  const answers = recorded('events');
  for (const [name, entry] of Object.entries(cases)) {
    const [expected] = answers[`TestEvents::${name}`]?.['put-events']?.Entries ?? [];
    assert.ok(expected, name);
    assert.deepEqual(await events.put('default', entry), [`${expected.ErrorCode}: ${expected.ErrorMessage}`]);
  }
});

test('archives, connections and destinations are refused as recorded', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const archive = new CreateArchiveCommand({
    ArchiveName: 'a',
    EventSourceArn: 'arn:aws:events:us-east-1:000000000000:event-bus/nowhere',
  });
  assert.deepEqual(
    await failure(client.send(archive)),
    refusal(recorded('archive_and_replay')['TestArchive::test_create_archive_error_unknown_event_bus'], {
      'event-bus-name': 'nowhere',
    }),
  );
  const outside = recorded('api_destinations_and_connection');
  const connection = new CreateConnectionCommand({
    Name: 'c',
    AuthorizationType: 'INVALID_AUTH_TYPE' as 'BASIC',
    AuthParameters: {},
  });
  const destination = new CreateApiDestinationCommand({
    Name: 'd',
    ConnectionArn: 'invalid-connection-arn',
    HttpMethod: 'INVALID_METHOD' as 'GET',
    InvocationEndpoint: 'https://example.com',
  });
  const cases = [
    [connection, 'TestEventBridgeConnections::test_create_connection_invalid_parameters'],
    [destination, 'TestEventBridgeApiDestinations::test_create_api_destination_invalid_parameters'],
  ] as const;
  // The values of an enumeration come in no order that could be told.
  const sorted = ([code, message]: readonly string[]) => [
    code,
    message!.replaceAll(/\[([A-Z_, ]+)\]/g, (_, values: string) => values.split(', ').sort().join()),
  ];
  for (const [command, name] of cases) {
    const refused = await failure(client.send(command as CreateConnectionCommand));
    assert.deepEqual(sorted(refused), sorted(refusal(outside[name])));
  }
});

test('connections are described as recorded', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const cases = [
    { BasicAuthParameters: { Username: 'user', Password: 'pass' } },
    { ApiKeyAuthParameters: { ApiKeyName: 'ApiKey', ApiKeyValue: 'secret' } },
  ];
  for (const [index, AuthParameters] of cases.entries()) {
    const Name = events.unique(`c${index}`);
    const AuthorizationType = index === 0 ? 'BASIC' : 'API_KEY';
    await client.send(new CreateConnectionCommand({ Name, AuthorizationType, AuthParameters }));
    const { $metadata, ...described } = await client.send(new DescribeConnectionCommand({ Name }));
    const name = `TestEventBridgeConnections::test_create_connection_with_auth[auth_params${index}]`;
    const { ResponseMetadata: _, ...expected } = recorded('api_destinations_and_connection')[name]![
      'describe-connection-auth'
    ] as Answer & { readonly ResponseMetadata: object };
    assert.deepEqual(described.AuthParameters, expected.AuthParameters);
    assert.deepEqual(Object.keys(described).sort(), Object.keys(expected).sort());
  }
});
