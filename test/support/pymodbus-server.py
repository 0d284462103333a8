"""Modbus meters by pymodbus: Modbus TCP, RTU frames on TCP, and RTU on a serial port.

    pymodbus-server.py SPEC

SPEC is JSON: {"serial": path or null, "units": {unit: [[table, address, type, order, value], ...]},
"refusing": {unit: code}}. A value is packed by pymodbus; addresses without one are holes. A unit
of `refusing` answers everything with that exception. A value of the type "broken" makes the whole
unit fail inside. Prints {"modbusTcp": port, "rtuOverTcp": port} as one line when all listen.
"""
import asyncio
import json
import sys

from pymodbus.constants import Endian
from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.payload import BinaryPayloadBuilder
from pymodbus.pdu import ExceptionResponse
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

ORDERS = {
    "ABCD": (Endian.Big, Endian.Big),
    "CDAB": (Endian.Big, Endian.Little),
    "BADC": (Endian.Little, Endian.Big),
    "DCBA": (Endian.Little, Endian.Little),
}
ADDERS = {
    "u16": ("add_16bit_uint", int),
    "i16": ("add_16bit_int", int),
    "u32": ("add_32bit_uint", int),
    "i32": ("add_32bit_int", int),
    "u64": ("add_64bit_uint", int),
    "i64": ("add_64bit_int", int),
    "f32": ("add_32bit_float", float),
    "f64": ("add_64bit_float", float),
}


class BrokenBlock(ModbusSparseDataBlock):
    """A meter that fails while it looks for its registers."""

    def getValues(self, address, count=1):
        raise RuntimeError("broken")


def registers(kind, order, value):
    byte_order, word_order = ORDERS[order]
    builder = BinaryPayloadBuilder(byteorder=byte_order, wordorder=word_order)
    name, number = ADDERS[kind]
    getattr(builder, name)(number(value))
    return builder.to_registers()


def block(table, rows):
    words = {}
    is_broken = False
    for place, address, kind, order, value in rows:
        is_broken = is_broken or kind == "broken"
        if place == table:
            words[address] = [0] if kind == "broken" else registers(kind, order, value)
    return (BrokenBlock if is_broken else ModbusSparseDataBlock)(words)


def context(spec):
    units = {
        int(unit): ModbusSlaveContext(
            hr=block("holding", rows), ir=block("input", rows), zero_mode=True
        )
        for unit, rows in spec["units"].items()
    }
    for unit in spec["refusing"]:
        units[int(unit)] = ModbusSlaveContext(zero_mode=True)
    return ModbusServerContext(slaves=units, single=False)


def refuser(refusing):
    """What is sent instead of the answer."""

    def manipulate(response):
        code = refusing.get(str(response.unit_id))
        if code is None:
            return response, False
        refusal = ExceptionResponse(response.function_code & 0x7F, code)
        refusal.transaction_id = response.transaction_id
        refusal.unit_id = response.unit_id
        return refusal, False

    return manipulate


async def listening(server):
    task = asyncio.create_task(server.serve_forever())
    await server.serving
    return server.server.sockets[0].getsockname()[1], task


async def main():
    spec = json.loads(sys.argv[1])
    meters = context(spec)
    manipulator = refuser(spec["refusing"])
    common = {"ignore_missing_slaves": True, "response_manipulator": manipulator}
    tasks = []
    ports = {}
    for name, framer in (("modbusTcp", ModbusSocketFramer), ("rtuOverTcp", ModbusRtuFramer)):
        server = ModbusTcpServer(meters, framer=framer, address=("127.0.0.1", 0), **common)
        ports[name], task = await listening(server)
        tasks.append(task)
    if spec["serial"] is not None:
        server = ModbusSerialServer(
            meters, framer=ModbusRtuFramer, port=spec["serial"], baudrate=9600, **common
        )
        await server.start()
        tasks.append(asyncio.create_task(server.serve_forever()))
    print(json.dumps(ports), flush=True)
    await asyncio.gather(*tasks)


asyncio.run(main())
