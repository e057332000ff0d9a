/** Whether an event is wanted, by its message. */
export type LogEventFilter = (message: string) => boolean;
