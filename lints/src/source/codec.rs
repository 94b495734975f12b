//! Python's text codecs by name, on top of `encoding_rs` and `oem_cp`.

use std::borrow::Cow;

use encoding_rs::Encoding;
use oem_cp::code_table::DECODING_TABLE_CP_MAP;

use super::DecodeError;

/// How a codec's bytes become text.
enum Codec {
    Utf8,
    Ascii,
    /// ISO-8859-1: a byte is its own code point.
    Latin1,
    /// A table of `encoding_rs` that agrees with Python's codec everywhere.
    Table(&'static Encoding),
    /// As `Table`, but where Python's codec has no character, the table has a control character.
    Windows(&'static Encoding),
    /// As `Table`, but 0x80..=0x9F are control characters: the web's label stands for a Windows code page there.
    TableWithControls(&'static Encoding),
    /// A code page of MS-DOS by its number.
    CodePage(u16),
}

/// Whether a declared name is UTF-8 for Python (`utf-8`, `utf8`, `utf_8_sig`, `u8` ...).
pub(super) fn is_utf8(name: &str) -> bool {
    matches!(codec(name), Some(Codec::Utf8))
}

/// Checks that bytes are UTF-8. `shift` is the number of bytes of the file in front of `bytes`.
pub(super) fn utf8<'a>(bytes: &'a [u8], name: &str, shift: usize) -> Result<Cow<'a, str>, DecodeError> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| DecodeError::Malformed { encoding: name.to_owned(), offset: shift + error.valid_up_to() })
}

/// Decodes bytes by a codec's name.
pub(super) fn decode<'a>(bytes: &'a [u8], name: &str) -> Result<Cow<'a, str>, DecodeError> {
    let malformed = |offset| DecodeError::Malformed { encoding: name.to_owned(), offset };
    match codec(name).ok_or_else(|| DecodeError::UnknownEncoding(name.to_owned()))? {
        Codec::Utf8 => utf8(bytes, name, 0),
        Codec::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
            Some(offset) => Err(malformed(offset)),
            None => utf8(bytes, name, 0),
        },
        Codec::Latin1 => Ok(encoding_rs::mem::decode_latin1(bytes)),
        Codec::Table(encoding) => {
            encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| malformed(first_malformed(encoding, bytes)))
        }
        Codec::Windows(encoding) => {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
            let text = text.ok_or_else(|| malformed(first_malformed(encoding, bytes)))?;
            // A byte is a character in all of these.
            match text.chars().position(is_filler) {
                Some(offset) => Err(malformed(offset)),
                None => Ok(text),
            }
        }
        Codec::TableWithControls(encoding) => bytes
            .iter()
            .enumerate()
            .map(|(offset, &byte)| match byte {
                0..=0x9f => Ok(char::from(byte)),
                _ => encoding
                    .decode_without_bom_handling_and_without_replacement(&[byte])
                    .and_then(|text| text.chars().next())
                    .ok_or_else(|| malformed(offset)),
            })
            .collect::<Result<String, _>>()
            .map(Cow::Owned),
        Codec::CodePage(number) => {
            let table = DECODING_TABLE_CP_MAP.get(&number).ok_or_else(|| DecodeError::UnknownEncoding(name.to_owned()))?;
            let letter = |byte: &u8| table.decode_char_checked(*byte).filter(|letter| !is_filler(*letter));
            match bytes.iter().position(|byte| letter(byte).is_none()) {
                Some(offset) => Err(malformed(offset)),
                None => Ok(Cow::Owned(bytes.iter().filter_map(letter).collect())),
            }
        }
    }
}

/// Encodes a text by a codec's name; `None` where it holds what the codec has no bytes for.
pub(super) fn encode(text: &str, name: &str) -> Option<Vec<u8>> {
    let by_table = |encoding: &'static Encoding, text: &str| {
        let (bytes, _, unmappable) = encoding.encode(text);
        (!unmappable).then(|| bytes.into_owned())
    };
    match codec(name)? {
        Codec::Utf8 => Some(text.as_bytes().to_owned()),
        Codec::Ascii => text.is_ascii().then(|| text.as_bytes().to_owned()),
        Codec::Latin1 => text.chars().map(|letter| u8::try_from(letter).ok()).collect(),
        Codec::Table(encoding) => by_table(encoding, text),
        Codec::Windows(encoding) => {
            if text.chars().any(is_filler) {
                None
            } else {
                by_table(encoding, text)
            }
        }
        Codec::TableWithControls(encoding) => text
            .chars()
            .map(|letter| match letter {
                '\0'..='\u{9f}' => u8::try_from(letter).ok(),
                _ => by_table(encoding, letter.encode_utf8(&mut [0; 4])).and_then(|bytes| bytes.first().copied()),
            })
            .collect(),
        Codec::CodePage(number) => oem_cp::encode_string_checked(text, oem_cp::code_table::ENCODING_TABLE_CP_MAP.get(&number)?),
    }
}

/// Whether a character stands in a code page for a byte that has none.
fn is_filler(letter: char) -> bool {
    matches!(letter, '\u{80}'..='\u{9f}')
}

/// The offset of the first byte that an encoding cannot decode.
fn first_malformed(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut sink = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0));
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut sink, true);
    match result {
        encoding_rs::DecoderResult::Malformed(length, behind) => read.saturating_sub(usize::from(length) + usize::from(behind)),
        _ => read,
    }
}

/// Looks a codec up by any of Python's names for it (`encodings.aliases`; hyphens, underscores and case do not count).
fn codec(name: &str) -> Option<Codec> {
    use encoding_rs as e;
    let mut key = name.to_ascii_lowercase().replace(['-', '.', ' '], "_");
    while key.contains("__") {
        key = key.replace("__", "_");
    }
    Some(match key.as_str() {
        "utf_8" | "utf8" | "u8" | "utf" | "utf8_ucs2" | "utf8_ucs4" | "cp65001" | "utf_8_sig" => Codec::Utf8,
        // tokenize takes anything that starts with `utf-8-` for UTF-8 (`utf-8-unix`), and `latin-1-*` likewise.
        key if key.starts_with("utf_8_") => Codec::Utf8,
        "ascii" | "us_ascii" | "646" | "us" | "ansi_x3_4_1968" | "iso646_us" | "cp367" | "ibm367" | "csascii" | "iso_ir_6"
        | "ansi_x3_4_1986" | "iso_646_irv_1991" => Codec::Ascii,
        "latin_1" | "latin1" | "latin" | "l1" | "iso_8859_1" | "iso8859_1" | "iso8859" | "8859" | "cp819" | "ibm819" | "iso_ir_100"
        | "iso_latin_1" | "csisolatin1" | "iso_8859_1_1987" => Codec::Latin1,
        key if key.starts_with("latin_1_") || key.starts_with("iso_8859_1_") || key.starts_with("iso_latin_1_") => Codec::Latin1,
        "iso8859_2" | "iso_8859_2" | "latin2" | "latin_2" | "l2" | "csisolatin2" | "iso_8859_2_1987" | "iso_ir_101" => {
            Codec::Table(e::ISO_8859_2)
        }
        "iso8859_3" | "iso_8859_3" | "latin3" | "l3" | "csisolatin3" | "iso_8859_3_1988" | "iso_ir_109" => Codec::Table(e::ISO_8859_3),
        "iso8859_4" | "iso_8859_4" | "latin4" | "l4" | "csisolatin4" | "iso_8859_4_1988" | "iso_ir_110" => Codec::Table(e::ISO_8859_4),
        "iso8859_5" | "iso_8859_5" | "cyrillic" | "csisolatincyrillic" | "iso_8859_5_1988" | "iso_ir_144" => Codec::Table(e::ISO_8859_5),
        "iso8859_6" | "iso_8859_6" | "arabic" | "asmo_708" | "csisolatinarabic" | "ecma_114" | "iso_8859_6_1987" | "iso_ir_127" => {
            Codec::Table(e::ISO_8859_6)
        }
        "iso8859_7" | "iso_8859_7" | "greek" | "greek8" | "csisolatingreek" | "ecma_118" | "elot_928" | "iso_8859_7_1987"
        | "iso_ir_126" => Codec::Table(e::ISO_8859_7),
        "iso8859_8" | "iso_8859_8" | "hebrew" | "csisolatinhebrew" | "iso_8859_8_1988" | "iso_ir_138" => Codec::Table(e::ISO_8859_8),
        "iso8859_9" | "iso_8859_9" | "latin5" | "l5" | "csisolatin5" | "iso_8859_9_1989" | "iso_ir_148" => {
            Codec::TableWithControls(e::WINDOWS_1254)
        }
        "iso8859_10" | "iso_8859_10" | "latin6" | "l6" | "csisolatin6" | "iso_8859_10_1992" | "iso_ir_157" => Codec::Table(e::ISO_8859_10),
        "iso8859_11" | "iso_8859_11_2001" | "tis_620_0" | "tis_620_2529_0" | "tis_620_2529_1" | "iso_ir_166" | "iso_8859_11" | "thai"
        | "tis_620" | "tis620" => Codec::TableWithControls(e::WINDOWS_874),
        "iso8859_13" | "iso_8859_13" | "latin7" | "l7" => Codec::Table(e::ISO_8859_13),
        "iso8859_14" | "iso_8859_14" | "latin8" | "l8" | "iso_8859_14_1998" | "iso_celtic" | "iso_ir_199" => Codec::Table(e::ISO_8859_14),
        "iso8859_15" | "iso_8859_15" | "latin9" | "l9" => Codec::Table(e::ISO_8859_15),
        "iso8859_16" | "iso_8859_16" | "latin10" | "l10" | "iso_8859_16_2001" | "iso_ir_226" => Codec::Table(e::ISO_8859_16),
        "cp1250" | "windows_1250" | "1250" => Codec::Windows(e::WINDOWS_1250),
        "cp1251" | "windows_1251" | "1251" => Codec::Windows(e::WINDOWS_1251),
        "cp1252" | "windows_1252" | "1252" => Codec::Windows(e::WINDOWS_1252),
        "cp1253" | "windows_1253" | "1253" => Codec::Windows(e::WINDOWS_1253),
        "cp1254" | "windows_1254" | "1254" => Codec::Windows(e::WINDOWS_1254),
        "cp1255" | "windows_1255" | "1255" => Codec::Windows(e::WINDOWS_1255),
        "cp1256" | "windows_1256" | "1256" => Codec::Windows(e::WINDOWS_1256),
        "cp1257" | "windows_1257" | "1257" => Codec::Windows(e::WINDOWS_1257),
        "cp1258" | "windows_1258" | "1258" => Codec::Windows(e::WINDOWS_1258),
        "koi8_r" | "cskoi8r" => Codec::Table(e::KOI8_R),
        "koi8_u" => Codec::Table(e::KOI8_U),
        "mac_roman" | "macroman" | "macintosh" => Codec::Table(e::MACINTOSH),
        "mac_cyrillic" | "maccyrillic" => Codec::Table(e::X_MAC_CYRILLIC),
        "shift_jis" | "shiftjis" | "sjis" | "s_jis" | "csshiftjis" | "cp932" | "932" | "ms932" | "mskanji" | "ms_kanji" | "windows_31j" => {
            Codec::Table(e::SHIFT_JIS)
        }
        "euc_jp" | "eucjp" | "ujis" | "u_jis" => Codec::Table(e::EUC_JP),
        "iso2022_jp" | "iso_2022_jp" | "iso2022jp" | "csiso2022jp" => Codec::Table(e::ISO_2022_JP),
        "gbk" | "csiso58gb231280" | "gb2312_1980" | "cp936" | "936" | "ms936" | "gb2312" | "gb2312_80" | "euc_cn" | "euccn"
        | "eucgb2312_cn" | "chinese" | "iso_ir_58" => Codec::Table(e::GBK),
        "gb18030" | "gb18030_2000" => Codec::Table(e::GB18030),
        "big5" | "big5_tw" | "csbig5" | "cp950" | "950" | "ms950" | "big5hkscs" | "big5_hkscs" | "hkscs" => Codec::Table(e::BIG5),
        "euc_kr" | "euckr" | "korean" | "ksc5601" | "ks_c_5601" | "ks_c_5601_1987" | "ksx1001" | "ks_x_1001" | "cp949" | "949"
        | "ms949" | "uhc" => Codec::Table(e::EUC_KR),
        "cspc8codepage437" => Codec::CodePage(437),
        "cspc775baltic" => Codec::CodePage(775),
        "cspc850multilingual" => Codec::CodePage(850),
        "cspcp852" => Codec::CodePage(852),
        "cp_is" => Codec::CodePage(861),
        "cspc862latinhebrew" => Codec::CodePage(862),
        "cp_gr" => Codec::CodePage(869),
        key => {
            let number = ["cp", "ibm", "csibm"].iter().find_map(|before| key.strip_prefix(before)).unwrap_or(key).parse().ok()?;
            DECODING_TABLE_CP_MAP.contains_key(&number).then_some(Codec::CodePage(number))?
        }
    })
}
