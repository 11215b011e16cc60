import { UserError } from 'picosocks5';

/** Why the keychain did not do what it was asked to: a sentence, with what helps. */
export class KeychainError extends UserError {
  /** Whether its user said no: then it is not asked again unless the user asks for it. */
  readonly dismissed: boolean;

  constructor(message: string, dismissed = false) {
    super(message);
    this.dismissed = dismissed;
  }
}
