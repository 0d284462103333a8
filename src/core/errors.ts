/** The closed list of error codes, with what each means and whether trying again may help. */
export const ERROR_CODES = {
  PORT_OPEN_FAILED: { transient: true, meaning: 'the serial port or socket could not be opened' },
  PORT_LOST: { transient: true, meaning: 'the port went away while it was in use' },
  PORT_BUSY: { transient: true, meaning: 'another process holds the port' },
  PORT_PERMISSION: { transient: false, meaning: 'the user may not open the port' },
  BUS_NO_REPLY: { transient: true, meaning: 'no byte came within the first-byte deadline' },
  BUS_PARTIAL_REPLY: { transient: true, meaning: 'bytes came, but no whole frame' },
  BUS_FOREIGN_REPLY: { transient: true, meaning: 'only frames of other exchanges or meters came' },
  BUS_JAMMED: { transient: true, meaning: 'bytes came without end' },
  BUS_ABORTED: { transient: true, meaning: 'the exchange was aborted by the caller' },
  FRAME_CHECKSUM: { transient: true, meaning: 'the checksum is wrong' },
  FRAME_LENGTH: { transient: true, meaning: 'the frame is shorter or longer than it says' },
  FRAME_MALFORMED: { transient: true, meaning: 'the bytes are no frame of the protocol' },
  METER_EXCEPTION: { transient: false, meaning: 'the meter answered with its own error word' },
  METER_UNSUPPORTED: { transient: false, meaning: 'the meter does not have this register' },
  METER_BUSY: { transient: true, meaning: 'the meter is busy; asked again later' },
  METER_WRONG_ITEM: { transient: true, meaning: 'the meter answered another data item' },
  DATA_INVALID: { transient: false, meaning: 'the meter showed digits that are no number' },
  DATA_ABSENT: {
    transient: false,
    meaning: 'the meter filled the register with its "no value" mark',
  },
  DATA_FREEZE_ABSENT: { transient: true, meaning: 'the meter does not hold the wanted freeze' },
  SLOT_EXPIRED: { transient: false, meaning: 'the slot ended before the meter could be asked' },
  GATEWAY_STOPPED: { transient: false, meaning: 'the gateway was stopped while the slot was due' },
  CONFIG_INVALID: { transient: false, meaning: 'the configuration or an argument is wrong' },
  CONFIG_UNREADABLE: { transient: false, meaning: 'a configured file cannot be read' },
  STORE_LOCKED: { transient: false, meaning: 'another process holds the data directory' },
  STORE_FAILED: { transient: true, meaning: 'the database refused to write or read' },
  STORE_CORRUPT: { transient: false, meaning: 'the database or a row in it is damaged' },
  STORE_SCHEMA_NEWER: { transient: false, meaning: 'the database was written by a newer version' },
  UPLINK_CONNECT: { transient: true, meaning: 'the broker cannot be reached' },
  UPLINK_AUTH: { transient: true, meaning: 'the broker refused the credentials or the permission' },
  UPLINK_REJECTED: { transient: true, meaning: 'the broker refused a message' },
  UPLINK_TOO_LARGE: { transient: false, meaning: 'a message is larger than the broker takes' },
  UPLINK_BAD_MESSAGE: {
    transient: false,
    meaning: 'a message from the headend is not of the contract',
  },
  UPLINK_BUSY: { transient: true, meaning: 'as many commands are under way as the gateway bears' },
  UPLINK_EXPIRED: { transient: false, meaning: 'the time for a command was over' },
  INTERNAL: { transient: false, meaning: 'a defect of the gateway; please report it' },
} as const satisfies Record<string, { transient: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Facts that go with an error into logs and JSON output. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | null>>;

/** The one error class: machines read `code`, people read the message. */
export class AmrError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(
    code: ErrorCode,
    message: string,
    options: { context?: ErrorContext; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AmrError';
    this.code = code;
    this.context = options.context ?? {};
  }

  /** True where trying again later may succeed. */
  get transient(): boolean {
    return ERROR_CODES[this.code].transient;
  }
}

/** Any thrown thing as an AmrError; what is not ours already is a defect and becomes INTERNAL. */
export function toAmrError(thrown: unknown): AmrError {
  if (thrown instanceof AmrError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AmrError('INTERNAL', message, { cause: thrown });
}
