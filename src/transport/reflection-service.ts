import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type Server, status } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { DescriptorIndex } from './descriptor-index.ts';
import { rawMethod } from './discovery-services.ts';
import type { RawCall } from './grpc-wire.ts';

/** The two published versions differ in their package only. */
const REFLECTION_SERVICES = [
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

/**
 * Server reflection (grpc/reflection/v1/reflection.proto), so that grpcurl and its like need no protos.
 *
 * Small enough to be ours: `@grpc/reflection` decodes all 500 files twice at the start and keeps them as objects. The
 * index here is made when the first client asks and passes on the bytes of the image.
 */
export class ReflectionService {
  readonly #loadImage: () => Uint8Array;
  readonly #serviceNames: readonly string[];
  #index: DescriptorIndex | undefined;

  /**
   * @param loadImage the `FileDescriptorSet` of what is served; called at most once.
   * @param serviceNames full names of the services to list.
   */
  constructor(loadImage: () => Uint8Array, serviceNames: readonly string[]) {
    this.#loadImage = loadImage;
    this.#serviceNames = [...serviceNames, ...REFLECTION_SERVICES].sort();
  }

  addTo(server: Server): void {
    for (const name of REFLECTION_SERVICES) {
      const definition = rawMethod(`/${name}/ServerReflectionInfo`);
      server.addService(
        { serverReflectionInfo: definition },
        { serverReflectionInfo: (call: RawCall) => this.#serve(call) },
      );
    }
  }

  #serve(call: RawCall): void {
    call.on('end', () => call.end());
    call.on('data', (request: Buffer) => {
      let response: Buffer;
      try {
        response = Buffer.from(this.#answer(request));
      } catch {
        call.emit('error', { code: status.INVALID_ARGUMENT, details: 'not a valid reflection request' });
        return;
      }
      // One answer in flight: a client that does not read gets no second one made for it.
      if (call.write(response)) return;
      call.pause();
      call.once('drain', () => call.resume());
    });
  }

  /** `ServerReflectionRequest` to `ServerReflectionResponse`: the request is field 2, the answer one of 4 to 7. */
  #answer(request: Uint8Array): Uint8Array {
    const answer = new BinaryWriter();
    answer.tag(2, WireType.LengthDelimited).bytes(request);
    const reader = new BinaryReader(request);
    while (reader.pos < reader.len) {
      const [fieldNumber, wireType] = reader.tag();
      if (wireType !== WireType.LengthDelimited || fieldNumber < 3 || fieldNumber > 7) {
        reader.skip(wireType, fieldNumber);
        continue;
      }
      this.#answerField(fieldNumber, reader.bytes(), answer);
    }
    return answer.finish();
  }

  #answerField(fieldNumber: number, bytes: Uint8Array, answer: BinaryWriter): void {
    this.#index ??= new DescriptorIndex(this.#loadImage(), healthDescriptors());
    const text = new TextDecoder().decode(bytes);
    switch (fieldNumber) {
      case 3:
        writeFiles(answer, this.#index.file(text));
        break;
      case 4:
        writeFiles(answer, this.#index.fileOfSymbol(text));
        break;
      case 5: {
        const { extendee, number } = readExtension(bytes);
        writeFiles(answer, this.#index.fileOfExtension(extendee, number));
        break;
      }
      case 6:
        writeExtensionNumbers(answer, text, this.#index.extensionNumbers(text));
        break;
      case 7:
        writeServices(answer, this.#serviceNames);
        break;
    }
  }
}

/** grpc.health.v1 is not among the Envoy protos. */
function healthDescriptors(): Uint8Array[] {
  return Object.values(healthService).flatMap(method => method.requestType.fileDescriptorProtos);
}

function writeFiles(answer: BinaryWriter, files: readonly Uint8Array[] | undefined): void {
  if (files === undefined) {
    writeNotFound(answer);
    return;
  }
  answer.tag(4, WireType.LengthDelimited).fork();
  for (const file of files) answer.tag(1, WireType.LengthDelimited).bytes(file);
  answer.join();
}

function writeExtensionNumbers(
  answer: BinaryWriter,
  extendee: string,
  numbers: readonly number[] | undefined,
): void {
  if (numbers === undefined) {
    writeNotFound(answer);
    return;
  }
  answer.tag(5, WireType.LengthDelimited).fork();
  answer.tag(1, WireType.LengthDelimited).string(extendee);
  for (const number of numbers) answer.tag(2, WireType.Varint).int32(number);
  answer.join();
}

function writeServices(answer: BinaryWriter, names: readonly string[]): void {
  answer.tag(6, WireType.LengthDelimited).fork();
  for (const name of names) {
    answer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(name).join();
  }
  answer.join();
}

function writeNotFound(answer: BinaryWriter): void {
  answer.tag(7, WireType.LengthDelimited).fork();
  answer.tag(1, WireType.Varint).int32(status.NOT_FOUND);
  answer.tag(2, WireType.LengthDelimited).string('not found').join();
}

/** `ExtensionRequest`: containing_type 1, extension_number 2. */
function readExtension(bytes: Uint8Array): { extendee: string; number: number } {
  let extendee = '';
  let number = 0;
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    if (fieldNumber === 1 && wireType === WireType.LengthDelimited) extendee = reader.string();
    else if (fieldNumber === 2 && wireType === WireType.Varint) number = reader.int32();
    else reader.skip(wireType, fieldNumber);
  }
  return { extendee, number };
}
